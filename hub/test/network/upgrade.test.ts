import { randomBytes } from 'node:crypto'
import { type ExchangeClient, openExchange } from '@wattfleet/chain'
import { toHex } from '@wattfleet/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nextRuntime } from '../../../chain/test/network/support/next-runtime.ts'
import { applyUpgrade, authorizeUpgrade, specVersion } from '../../../chain/test/network/support/upgrade.ts'
import { audit } from './support/audit.ts'
import type { Feed } from './support/feed.ts'
import { ALL, type NetworkStreet, networkStreet, PATIENCE_MS } from './support/street.ts'

const code = nextRuntime()
const stopped = new AbortController()
let street: NetworkStreet
let feed: Feed
let operator: ExchangeClient
let before: number

const versions = () => Promise.all(ALL.map((node) => specVersion(street.network, node)))

/** In the order of writing: orders flow all the while. */
describe('an upgrade of the runtime on four validators', () => {
  beforeAll(async () => {
    street = await networkStreet()
    feed = street.flow()
    operator = openExchange(street.endpoints, stopped.signal)
  })
  afterAll(async () => {
    stopped.abort()
    await operator?.close()
    await street?.stop()
  })

  it('is allowed by three of the four in the council', async () => {
    before = await specVersion(street.network, 0)
    await street.indexed(5)
    await authorizeUpgrade(street.network, 0, code)
  })

  it('is in force at all of them once anybody has brought the code', async () => {
    await applyUpgrade(street.network, 1, code)
    await street.network.until('the next version', PATIENCE_MS, async () => {
      return (await versions()).every((version) => version === before + 1)
    })
  })

  it('is what the client signs for at once', async () => {
    const { accounts, rules } = street.community
    const [account, reference] = [accounts.settlementEngine.id, toHex(randomBytes(32))]
    const submitter = operator.submitter(accounts.operator, street.hub.stateDir)
    const issue = { call: 'issue', community: rules.community, account, amountNano: 7n, reference } as const
    const submission = await submitter.submit(issue, AbortSignal.timeout(PATIENCE_MS))
    expect(submission).toEqual({ ok: true, block: expect.any(Number) })
    expect(await (await operator.queries()).funds(account)).toMatchObject({ freeNano: 7n })
  })

  it('has lost no order that was receipted before, during or after, and entered none twice', async () => {
    await street.indexed(street.ordersIndexed() + 20)
    feed.stop()
    await street.allDecided()
    await street.hub.stop()
    const { index, rebuilt, ...found } = await audit(street, feed, 2)
    expect(found).toMatchObject({ twice: [], lost: [], contradicted: [], strangers: [] })
    expect(found.entered + found.endedOutside).toBe(found.receipted)
    expect(feed.refused).toEqual([])
    expect(rebuilt).toBe(index)
    expect(await versions()).toEqual(ALL.map(() => before + 1))
  })
})

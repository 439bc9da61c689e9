import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Messenger, Told } from '../src/admission.ts'
import { take } from '../src/fleet.ts'
import { keepTelling } from '../src/telling.ts'
import { AT_MS, gatewayKeys, type TestOffice, testOffice } from './fixtures/office.ts'

const operator = { actor: 'operator', atMs: AT_MS } as const
const log = pino({ level: 'silent' })
let office: TestOffice
let told: Told[]
/** How often it is not heard from now on. */
let deaf: number
beforeEach(async () => {
  told = []
  deaf = 0
  office = await testOffice(2)
})
afterEach(() => office.close())

const messenger: Messenger = {
  async tell(one) {
    told.push(one)
    return deaf-- > 0 ? 'answered 503' : undefined
  },
}

/** Tells until this holds, and stops. */
async function tellUntil(condition: () => boolean): Promise<void> {
  const stop = new AbortController()
  const telling = keepTelling(office.store, messenger, log, stop.signal, 1)
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await telling
}
const isAllTold = () => office.store.toldUpTo() === office.store.audit.head()?.number
const events = () => told.map(({ event, serial }) => `${serial} ${event}`)

describe('the utility’s own system, told of what has happened', () => {
  it('hears it in order, each until it was heard, and nothing of before it was there', async () => {
    take(office.store, 'pi-2', 'retire', operator)
    await tellUntil(isAllTold)
    expect(told).toEqual([])
    await office.post(await (await gatewayKeys('pi-1')).request(office.claim().claim))
    for (const event of ['suspend', 'resume', 'suspend'] as const) take(office.store, 'pi-1', event, operator)
    deaf = 2
    await tellUntil(isAllTold)
    expect(events()).toEqual([
      ...['pi-1 activate', 'pi-1 activate', 'pi-1 activate', 'pi-1 suspend', 'pi-1 resume', 'pi-1 suspend'],
    ])
    const { site, gateway } = office.store.siteBySerial('pi-1') ?? {}
    expect(told.at(-1)).toMatchObject({ household: 'House 1', site, gateway, atMs: AT_MS })
    // the same again has the same id, and nothing else has
    expect(new Set(told.map(({ requestId }) => requestId)).size).toBe(4)
  })

  it('hears after a restart what it has not heard, and no more', async () => {
    await tellUntil(isAllTold)
    await office.post(await (await gatewayKeys('pi-1')).request(office.claim().claim))
    take(office.store, 'pi-1', 'revoke', operator)
    deaf = Number.POSITIVE_INFINITY
    await tellUntil(() => told.length > 1)
    expect(new Set(events())).toEqual(new Set(['pi-1 activate']))
    told = []
    deaf = 0
    await tellUntil(isAllTold)
    await tellUntil(isAllTold)
    expect(events()).toEqual(['pi-1 activate', 'pi-1 revoke'])
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import { ABANDONED_AFTER_MS, abandonStale, gatewayOf, take } from '../src/fleet.ts'
import { revokeAll } from '../src/register.ts'
import { approveReset, pendingResets, refuseReset } from '../src/strangers.ts'
import {
  AT_MS,
  type GatewayKeys,
  gatewayKeys,
  type TestOffice,
  type TestSettings,
  testOffice,
} from './fixtures/office.ts'

const signal = new AbortController().signal
const operator = { actor: 'operator', atMs: AT_MS } as const
let office: TestOffice
let former: GatewayKeys
afterEach(() => office.close())

/** A gateway that trades, by its claim and these keys. */
async function trading(settings: TestSettings = { reset: 'approve' }, houses = 1) {
  office = await testOffice(houses, settings)
  former = await gatewayKeys('pi-1')
  const { status, body } = await enrol(former)
  expect(status).toBe(200)
  return body
}
const enrol = async (keys: GatewayKeys) => office.post(await keys.request(office.claim().claim))
const pi1 = () => gatewayOf(office.store, 'pi-1')
const fingerprints = () =>
  office.store.audit
    .entries()
    .flatMap(({ event, detail }) => (event === 'activate' ? [String(detail.fingerprint)] : []))
const keyOnChain = () => office.chain.keys.get(pi1().site)?.signingKey

describe('a gateway that was reset', () => {
  it('gets the same again with the same keys, whatever the policy', async () => {
    for (const reset of ['approve', 'same-key', 'never'] as const) {
      const first = await trading({ reset })
      expect((await enrol(former)).body).toEqual(first)
      await office.close()
    }
    await trading()
  })

  it('waits with other keys until they are approved; then the old ones are dead, and an epoch begins', async () => {
    const first = await trading()
    const fresh = await gatewayKeys('pi-1')
    for (let asked = 0; asked < 2; asked++) {
      expect(await enrol(fresh)).toMatchObject({
        status: 202,
        body: { error: 'awaiting-approval', message: expect.stringContaining(fresh.signingKey) },
        headers: { 'retry-after': '5' },
      })
    }
    // the one that trades does not notice
    expect([pi1().state, pi1().signingKey]).toEqual(['active', former.signingKey])
    expect(office.store.refusedCertificates(AT_MS)).toEqual([])
    expect((await enrol(former)).body).toEqual(first)
    expect(office.strangers).toEqual([
      `pi-1: the claim of pi-1 was used by other keys (${fresh.signingKey.slice(0, 8)}…): they wait for an approval of its reset`,
    ])
    expect(pendingResets(office.store)).toMatchObject([{ stranger: { signingKey: fresh.signingKey, serial: 'pi-1' } }])

    approveReset(office.store, 'pi-1', fresh.signingKey.slice(0, 8), operator)
    expect(pi1().state).toBe('claimed')
    expect(office.store.refusedCertificates(AT_MS)).toEqual(fingerprints())
    expect(office.store.refusedKeys()).toEqual([former.signingKey])
    const { status, body } = await enrol(fresh)
    expect([status, body.gateway, keyOnChain()]).toEqual([200, first.gateway, fresh.signingKey])
    expect(body.epoch).toBeGreaterThan(first.epoch)
    expect(office.store.refusedCertificates(AT_MS)).toEqual(fingerprints().slice(0, 1))
    // the old keys are strangers now
    expect((await enrol(former)).body.error).toBe('awaiting-approval')
    expect(pi1().signingKey).toBe(fresh.signingKey)
    expect(await revokeAll(office.store, office.chain, signal)).toEqual([])
    expect(keyOnChain()).toBe(fresh.signingKey)
  })

  it('leaves no key of before on the chain, also where it does not come back after the approval', async () => {
    await trading()
    const fresh = await gatewayKeys('pi-1')
    await enrol(fresh)
    approveReset(office.store, 'pi-1', fresh.signingKey, operator)
    const enrolOnChain = office.chain.enrol
    office.chain.enrol = () => Promise.reject(new Error('the service was killed'))
    expect((await enrol(fresh)).status).toBe(500)
    office.chain.enrol = enrolOnChain
    expect(keyOnChain()).toBe('')
    // nobody else comes by the claim meanwhile
    expect(abandonStale(office.store, AT_MS + 10 * ABANDONED_AFTER_MS)).toEqual([])
    expect((await enrol(await gatewayKeys('pi-1'))).body.error).toBe('awaiting-approval')
    expect((await enrol(fresh)).status).toBe(200)
  })

  it('is refused by name of the operator, and asks in vain', async () => {
    await trading()
    const thief = await gatewayKeys('pi-1')
    await enrol(thief)
    refuseReset(office.store, 'pi-1', operator)
    expect(await enrol(thief)).toMatchObject({ status: 409, body: { error: 'claim-used' } })
    expect(pi1().state).toBe('active')
    expect(() => refuseReset(office.store, 'pi-1', operator)).toThrow('no other keys wait there')
    expect(() => approveReset(office.store, 'pi-1', thief.signingKey, operator)).toThrow('0 keys that begin with')
  })

  it('is approved by its key alone, and only where it trades', async () => {
    await trading()
    const [one, two] = [await gatewayKeys('pi-1'), await gatewayKeys('pi-1')]
    await enrol(one)
    await enrol(two)
    expect(() => approveReset(office.store, 'pi-1', one.signingKey.slice(0, 7), operator)).toThrow('at least 8 digits')
    expect(() => approveReset(office.store, 'pi-1', '0'.repeat(8), operator)).toThrow('0 keys that begin with')
    take(office.store, 'pi-1', 'suspend', operator)
    expect(() => approveReset(office.store, 'pi-1', one.signingKey, operator)).toThrow(
      /expected a gateway that is active/,
    )
    take(office.store, 'pi-1', 'resume', operator)
    approveReset(office.store, 'pi-1', two.signingKey, operator)
    expect(pi1().signingKey).toBe(two.signingKey)
    expect(pendingResets(office.store)).toEqual([])
  })

  it('is forgotten when it stops asking, and when its claim is replaced', async () => {
    await trading()
    await enrol(await gatewayKeys('pi-1'))
    abandonStale(office.store, AT_MS + ABANDONED_AFTER_MS)
    expect(office.store.strangers()).toHaveLength(1)
    abandonStale(office.store, AT_MS + ABANDONED_AFTER_MS + 1)
    expect(office.store.strangers()).toEqual([])
    await enrol(await gatewayKeys('pi-1'))
    take(office.store, 'pi-1', 'revoke', operator)
    expect(office.store.strangers()).toEqual([])
  })
})

describe('a stolen claim', () => {
  it('fills neither store nor log, however many keys are made for it', async () => {
    await trading()
    const before = office.store.audit.entries().length
    for (let n = 0; n < 7; n++) expect((await enrol(await gatewayKeys('pi-1'))).body.error).toBe('awaiting-approval')
    expect(office.store.strangers()).toHaveLength(4)
    expect(office.store.audit.entries().slice(before)).toMatchObject(
      Array.from({ length: 4 }, () => ({ actor: 'gateway', event: 'reset-asked', detail: { claimOf: 'pi-1' } })),
    )
    expect(office.strangers).toHaveLength(4)
    expect(pi1().state).toBe('active')
  })

  it('stops nobody who trades by it: neither its own gateway nor one whose serial is said', async () => {
    await trading({ reset: 'approve' }, 2)
    const honest = await gatewayKeys('pi-2')
    await office.post(await honest.request(office.claim(1).claim))
    const asPi2 = await enrol(await gatewayKeys('pi-2'))
    const asNobody = await enrol(await gatewayKeys('pi-9'))
    expect([asPi2.body.error, asNobody.body.error]).toEqual(['claim-used', 'claim-used'])
    expect([pi1().state, gatewayOf(office.store, 'pi-2').state]).toEqual(['active', 'active'])
    expect(office.alerts).toEqual([])
    expect(office.strangers).toEqual([
      expect.stringMatching(
        /^pi-1: the claim of pi-1 was used by other keys .* call themselves pi-2: they are refused$/,
      ),
      expect.stringMatching(
        /^pi-1: the claim of pi-1 was used by other keys .* call themselves pi-9: they are refused$/,
      ),
    ])
  })

  it('that nobody has used yet holds its own gateway, not one that trades and whose serial is said', async () => {
    await trading({ reset: 'approve' }, 2)
    const thief = await gatewayKeys('pi-1')
    expect((await office.post(await thief.request(office.claim(1).claim))).body.error).toBe('claim-used')
    expect([pi1().state, gatewayOf(office.store, 'pi-2').state]).toEqual(['active', 'quarantined'])
  })

  it('does not come by half of the keys: the same signing key with another certificate key', async () => {
    await trading()
    const { csrPem } = await (await gatewayKeys('pi-1')).request(office.claim().claim)
    const half = await former.request(office.claim().claim, { csrPem })
    expect((await office.post(half)).body.error).toBe('claim-used')
    expect(pendingResets(office.store)).toEqual([])
    // nor by changing one of them while it waits
    const fresh = await gatewayKeys('pi-1')
    await enrol(fresh)
    expect((await office.post(await fresh.request(office.claim().claim, { csrPem }))).body.error).toBe('claim-used')
    approveReset(office.store, 'pi-1', fresh.signingKey, operator)
    expect((await office.post(await fresh.request(office.claim().claim, { csrPem }))).body.error).toBe('claim-used')
    expect((await enrol(fresh)).status).toBe(200)
  })

  it('is refused at once where only the same keys come back', async () => {
    await trading({ reset: 'same-key' })
    expect((await enrol(await gatewayKeys('pi-1'))).body.error).toBe('claim-used')
    expect([pi1().state, office.strangers.length]).toEqual(['active', 1])
  })

  it('stops its gateway too where the policy is never', async () => {
    await trading({ reset: 'never' })
    expect((await enrol(await gatewayKeys('pi-1'))).body.error).toBe('claim-used')
    expect(pi1().state).toBe('quarantined')
    expect(office.alerts).toHaveLength(1)
  })
})

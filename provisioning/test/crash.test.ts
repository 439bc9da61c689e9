import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import type { GateAnswer, Gatekeeper } from '../src/admission.ts'
import { CERTIFICATE_DAYS } from '../src/config.ts'
import { type EnrolmentParts, enroller } from '../src/enrol.ts'
import { ABANDONED_AFTER_MS, abandonStale, gatewayOf } from '../src/fleet.ts'
import { revokeAll } from '../src/register.ts'
import { approveReset } from '../src/strangers.ts'
import { AT_MS, gatewayKeys, type TestOffice, testOffice } from './fixtures/office.ts'

const signal = new AbortController().signal
const DAY_MS = 86_400_000
let office: TestOffice
afterEach(() => office.close())

class Killed extends Error {}

/** The utility's own system, which remembers what it was asked. */
function friendly(): Gatekeeper & { readonly ids: Set<string> } {
  const ids = new Set<string>()
  return { ids, ask: async ({ requestId }): Promise<GateAnswer> => ({ answer: ids.add(requestId) && 'allowed' }) }
}

/**
 * The parts of a service that is killed at its n-th step outside itself, before that step has its effect or after. What is
 * only read counts too: a kill may come anywhere.
 */
function dying(
  parts: EnrolmentParts,
  at: number,
  when: 'before' | 'after',
): { parts: EnrolmentParts; steps: () => number } {
  let steps = 0
  const watched = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(from, name) {
        const value = Reflect.get(from, name)
        if (typeof value !== 'function') return value
        return (...given: unknown[]) => {
          const isLast = steps++ === at
          if (isLast && when === 'before') throw new Killed()
          const answer = value.apply(from, given)
          if (!isLast) return answer
          if (answer instanceof Promise) {
            return answer.then(() => {
              throw new Killed()
            })
          }
          throw new Killed()
        }
      },
    })
  const { store, authority, chain, gatekeeper } = parts
  const dead = { store: watched(store), authority: watched(authority), chain: watched(chain) }
  return {
    parts: { ...parts, ...dead, gatekeeper: gatekeeper && watched(gatekeeper) },
    steps: () => steps,
  }
}

function certificatesInForce(): number {
  const db = new Database(join(office.dir, 'provisioning.db'), { readonly: true })
  try {
    return db.prepare('SELECT COUNT(*) FROM certificates WHERE is_in_force = 1').pluck().get() as number
  } finally {
    db.close()
  }
}

describe('a service that is killed while a gateway enrols', () => {
  it.each(['before', 'after'] as const)(
    '%s any of its steps ends the same when it is asked again',
    async (when) => {
      let steps = 1
      for (let at = 0; at < steps; at++) {
        const gatekeeper = friendly()
        office = await testOffice(1, { reset: 'approve', gatekeeper })
        const keys = await gatewayKeys('pi-1')
        const request = JSON.stringify(await keys.request(office.claim().claim))
        const doomed = dying({ ...office.parts, nowMs: () => AT_MS }, at, when)
        await expect(enroller(doomed.parts)(request, signal)).rejects.toBeInstanceOf(Killed)
        const answer = await office.enrol(request, signal)
        const where = `killed ${when} step ${at}`
        expect(answer, where).toMatchObject({ ok: true, grant: { epoch: 1 } })
        const { site, state, chainKey, signingKey } = gatewayOf(office.store, 'pi-1')
        expect([state, chainKey, signingKey], where).toEqual(['active', keys.signingKey, keys.signingKey])
        expect(office.chain.keys.get(site), where).toEqual({ signingKey: keys.signingKey, epoch: 1 })
        expect([certificatesInForce(), gatekeeper.ids.size], where).toEqual([1, 1])
        const events = office.store.audit.entries().map(({ event }) => event)
        expect(
          events.filter((event) => event === 'claim' || event === 'activate'),
          where,
        ).toEqual(['claim', 'activate'])
        // the number of steps is what a whole enrolment takes
        if (at === 0) steps = await stepsOfAll()
        expect(steps).toBeGreaterThan(12)
        await office.close()
      }
      office = await testOffice()
    },
    60_000,
  )

  /** What an enrolment takes that nobody interrupts. */
  async function stepsOfAll(): Promise<number> {
    const other = await testOffice(1, { reset: 'approve', gatekeeper: friendly() })
    try {
      const all = dying({ ...other.parts, nowMs: () => AT_MS }, Number.POSITIVE_INFINITY, 'before')
      const request = await (await gatewayKeys('pi-1')).request(other.claim().claim)
      expect((await enroller(all.parts)(JSON.stringify(request), signal)).ok).toBe(true)
      return all.steps()
    } finally {
      await other.close()
    }
  }

  it('leaves one key on the chain, the approved one, when it is killed while a reset comes through', async () => {
    for (let at = 0; at < 14; at++) {
      office = await testOffice(1, { reset: 'approve' })
      const former = await gatewayKeys('pi-1')
      const fresh = await gatewayKeys('pi-1')
      const ask = async (keys: typeof fresh) => JSON.stringify(await keys.request(office.claim().claim))
      await office.enrol(await ask(former), signal)
      await office.enrol(await ask(fresh), signal)
      approveReset(office.store, 'pi-1', fresh.signingKey, { actor: 'operator', atMs: AT_MS })
      const doomed = dying({ ...office.parts, nowMs: () => AT_MS }, at, 'after')
      await enroller(doomed.parts)(await ask(fresh), signal).catch((error) => expect(error).toBeInstanceOf(Killed))
      // it never comes back: then the former key must not stay in force either
      expect(await revokeAll(office.store, office.chain, signal)).toEqual([])
      const { site } = gatewayOf(office.store, 'pi-1')
      expect(office.chain.keys.get(site)?.signingKey, `step ${at}`).not.toBe(former.signingKey)
      await office.close()
    }
    office = await testOffice()
  }, 60_000)
})

describe('a clock that is wrong', () => {
  it('gives up nobody by going back, and frees the claim when the hour has really passed', async () => {
    office = await testOffice(1)
    office.chain.away = 'before'
    await office.post(await (await gatewayKeys('pi-1')).request(office.claim().claim))
    expect(abandonStale(office.store, AT_MS - 400 * DAY_MS)).toEqual([])
    expect(abandonStale(office.store, AT_MS + ABANDONED_AFTER_MS)).toEqual(['pi-1'])
  })

  it('brings no dead certificate to life by being ahead for a while', async () => {
    office = await testOffice(1)
    const keys = await gatewayKeys('pi-1')
    await office.post(await keys.request(office.claim().claim))
    office.store.move(gatewayOf(office.store, 'pi-1').site, 'revoke', { actor: 'operator', atMs: AT_MS })
    for (const days of [0, CERTIFICATE_DAYS + 1, CERTIFICATE_DAYS + 29]) {
      expect(office.store.refusedCertificates(Date.now() + days * DAY_MS), `${days}`).toHaveLength(1)
    }
    expect(office.store.refusedCertificates(Date.now() + (CERTIFICATE_DAYS + 31) * DAY_MS)).toEqual([])
  })
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { reissueClaim } from '../src/claims.ts'
import type { ResetPolicy } from '../src/core/claim-use.ts'
import { enroller } from '../src/enrol.ts'
import { ABANDONED_AFTER_MS, abandonStale, gatewayOf, type OperatorEvent, take } from '../src/fleet.ts'
import { approveReset, pendingResets, refuseReset } from '../src/strangers.ts'
import { gatewayKeys, testOffice } from './fixtures/office.ts'

/*
 * Three holders of one claim file, the service and the operator, in any order: whoever gets in with keys that are not those
 * of before was let in by the operator.
 */

type Step =
  | { readonly by: 'holder'; readonly keys: number; readonly serial: string; readonly claim: 'now' | 'first' }
  | { readonly by: 'service'; readonly does: 'an hour passes' | 'restart' | 'chain goes' | 'chain comes' }
  | { readonly by: 'operator'; readonly says: OperatorEvent | 'reissue' | 'refuse' }
  | { readonly by: 'operator'; readonly says: 'approve'; readonly keys: number }

const keys = fc.nat(2)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      by: fc.constant('holder' as const),
      keys,
      serial: fc.constantFrom('pi-1', 'pi-1', 'pi-1', 'pi-2'),
      claim: fc.constantFrom('now' as const, 'now' as const, 'first' as const),
    }),
  },
  fc.record({
    by: fc.constant('service' as const),
    does: fc.constantFrom('an hour passes' as const, 'restart' as const, 'chain goes' as const, 'chain comes' as const),
  }),
  {
    weight: 2,
    arbitrary: fc.record({ by: fc.constant('operator' as const), says: fc.constant('approve' as const), keys }),
  },
  fc.record({
    by: fc.constant('operator' as const),
    says: fc.constantFrom(
      ...(['suspend', 'resume', 'release', 'revoke', 'reissue', 'refuse'] as const satisfies readonly string[]),
    ),
  }),
)

it('no sequence of events leads from a used claim with other keys to active without an operator', async () => {
  const holders = await Promise.all([0, 1, 2].map(() => gatewayKeys('pi-1')))
  const reached = { approved: 0, active: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<ResetPolicy>('approve', 'approve', 'same-key', 'never'),
      fc.array(step, { minLength: 4, maxLength: 25 }),
      async (reset, steps) => {
        const office = await testOffice(1, { reset })
        try {
          await play(office, reset, steps, holders, reached)
        } finally {
          await office.close()
        }
      },
    ),
    { numRuns: 60 },
  )
  // the walk gets to where it matters
  expect(reached.active).toBeGreaterThan(10)
  expect(reached.approved).toBeGreaterThan(0)
}, 120_000)

async function play(
  office: Awaited<ReturnType<typeof testOffice>>,
  reset: ResetPolicy,
  steps: readonly Step[],
  holders: readonly Awaited<ReturnType<typeof gatewayKeys>>[],
  reached: { approved: number; active: number },
): Promise<void> {
  const record = () => gatewayOf(office.store, 'pi-1')
  const first = office.claim().claim
  const signal = new AbortController().signal
  let enrol = office.enrol
  /** Whose keys may be active: anybody's who comes first by a claim that is new. */
  let entitled: string | 'anybody' = 'anybody'
  for (const one of steps) {
    const before = record()
    if (one.by === 'holder') {
      const claim = one.claim === 'first' ? first : office.claim().claim
      const request = await (holders[one.keys] as (typeof holders)[number]).request(claim, { serial: one.serial })
      await enrol(JSON.stringify(request), signal)
    } else if (one.by === 'service') {
      if (one.does === 'an hour passes') office.time.nowMs += ABANDONED_AFTER_MS
      if (one.does === 'an hour passes') abandonStale(office.store, office.time.nowMs)
      if (one.does === 'restart') enrol = enroller(office.parts)
      if (one.does === 'chain goes') office.chain.away = 'before'
      if (one.does === 'chain comes') office.chain.away = undefined
    } else {
      try {
        say(office, one)
        if (one.says === 'reissue') entitled = 'anybody'
        if (one.says === 'approve') {
          entitled = record().signingKey ?? ''
          reached.approved++
        }
      } catch {
        // there is no way from here, and nothing has changed
        expect(record()).toEqual(before)
      }
    }
    const { state, signingKey } = record()
    if (state === 'active') {
      if (entitled === 'anybody') entitled = signingKey ?? ''
      expect(signingKey).toBe(entitled)
      reached.active++
    }
    // and who trades is stopped by the operator alone, but where the policy says otherwise
    if (before.state === 'active' && one.by !== 'operator' && reset !== 'never') {
      expect(record()).toMatchObject({ state: 'active', signingKey: before.signingKey, grant: before.grant })
    }
  }
}

function say(
  { store, claims, time }: Awaited<ReturnType<typeof testOffice>>,
  one: Extract<Step, { by: 'operator' }>,
): void {
  const deed = { actor: 'operator', atMs: time.nowMs } as const
  const waiting = pendingResets(store).map(({ stranger }) => stranger.signingKey)
  if (one.says === 'approve') {
    approveReset(store, 'pi-1', waiting[one.keys % waiting.length] ?? 'none of them', deed)
  }
  if (one.says === 'refuse') refuseReset(store, 'pi-1', deed)
  else if (one.says === 'reissue') reissueClaim(store, claims, gatewayOf(store, 'pi-1').site, deed)
  else if (one.says !== 'approve') take(store, 'pi-1', one.says, deed)
}

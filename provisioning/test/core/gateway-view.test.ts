import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CLOCK_OFF_MS,
  CONCERNS,
  type Concern,
  concernsOf,
  EXPIRES_SOON_MS,
  type GatewaySeen,
  type GatewayView,
  SILENT_AFTER_MS,
} from '../../src/core/gateway-view.ts'
import { LIFE_STATES } from '../../src/core/life.ts'
import { overviewOf } from '../../src/core/overview.ts'
import { type Selection, select } from '../../src/core/select.ts'

const NOW = 1_795_651_200_000 // 2026-11-26T00:00Z
const YEAR = 365 * 86_400_000

function seen(overrides: Partial<GatewaySeen> = {}): GatewaySeen {
  return {
    ...{ atMs: NOW - 30_000, version: '0.1.0', clock: 'trusted', clockOffsetMs: -20, meter: 'good' },
    ...{ findings: [], isAway: false },
    ...overrides,
  }
}

function view(overrides: Partial<GatewayView> = {}): GatewayView {
  return {
    ...{
      serial: 'pi-1',
      household: 'Miller, Elm Street 4',
      site: '11'.repeat(16),
      gateway: 'g1',
      member: '22'.repeat(32),
    },
    ...{
      zone: 1,
      state: 'active',
      isApproved: false,
      isClaimSpent: true,
      movedOn: false,
      resetAsked: false,
      onChain: true,
      claimExpiresMs: 0,
      epoch: 1,
    },
    ...{ certificateEndsMs: NOW + YEAR, seen: seen(), tags: [] },
    ...overrides,
  }
}

describe('what is not well with a gateway', () => {
  it.each<[string, Partial<GatewayView>, Concern[]]>([
    ['nothing', {}, []],
    ['held', { state: 'quarantined' }, ['quarantined']],
    ['waiting to be let in', { state: 'claimed', seen: undefined }, ['awaiting-approval']],
    ['let in already', { state: 'claimed', isApproved: true, seen: undefined }, []],
    ['reset, as it seems', { resetAsked: true }, ['reset-asked']],
    ['a claim that is over', { state: 'expected', claimExpiresMs: NOW, seen: undefined }, ['claim-expired']],
    ['a claim that is good', { state: 'expected', claimExpiresMs: NOW + 1, seen: undefined }, []],
    ['no claim yet', { state: 'expected', claimExpiresMs: 0, seen: undefined }, []],
    ['a site that the chain does not hold', { onChain: false }, ['not-on-chain']],
    ['a certificate that ends now', { certificateEndsMs: NOW }, ['certificate-expired']],
    ['one that ends soon', { certificateEndsMs: NOW + EXPIRES_SOON_MS }, ['certificate-expires-soon']],
    ['one that does not', { certificateEndsMs: NOW + EXPIRES_SOON_MS + 1 }, []],
    ['never heard of', { seen: undefined }, ['never-seen']],
    ['heard of just in time', { seen: seen({ atMs: NOW - SILENT_AFTER_MS }) }, []],
    ['silent', { seen: seen({ atMs: NOW - SILENT_AFTER_MS - 1, meter: 'missing' }) }, ['silent']],
    ['gone, as its broker says', { seen: seen({ isAway: true }) }, ['silent']],
    ['a clock that it doubts', { seen: seen({ clock: 'doubted' }) }, ['clock-doubted']],
    ['a clock that is off', { seen: seen({ clockOffsetMs: -CLOCK_OFF_MS - 1 }) }, ['clock-off']],
    ['a meter that is silent', { seen: seen({ meter: 'missing' }) }, ['meter-missing']],
    [
      'no meter to read',
      { seen: seen({ meter: 'missing', devices: { meter: 'none', inverter: 'none', reason: 'expected a port' } }) },
      ['meter-missing', 'device-not-configured'],
    ],
    ['devices that are read', { seen: seen({ devices: { meter: 'grant', inverter: 'none' } }) }, []],
    ['a reversed transformer', { seen: seen({ findings: ['phase-2-reversed'] }) }, ['device-findings']],
    ['stopped by the operator: nothing is expected of it', { state: 'suspended', seen: undefined, onChain: false }, []],
    ['retired', { state: 'retired', seen: undefined, certificateEndsMs: undefined, epoch: undefined }, []],
  ])('%s', (_what, overrides, expected) => {
    expect(concernsOf(view(overrides), NOW, true)).toEqual(expected)
  })

  it('is no approval where nobody is asked for one', () => {
    expect(concernsOf(view({ state: 'claimed', seen: undefined }), NOW, false)).toEqual([])
  })
})

const views = fc.array(
  fc.record({
    state: fc.constantFrom(...LIFE_STATES),
    certificateEndsMs: fc.option(fc.integer({ min: NOW - YEAR, max: NOW + YEAR }), { nil: undefined }),
    seen: fc.option(
      fc.record({
        atMs: fc.integer({ min: NOW - YEAR, max: NOW }),
        version: fc.option(fc.constantFrom('0.1.0', '0.2.0'), { nil: undefined }),
        findings: fc.uniqueArray(fc.constantFrom('phase-1-reversed', 'import-counter-stuck')),
      }),
      { nil: undefined },
    ),
  }),
  { maxLength: 40 },
)

describe('the overview', () => {
  it('counts every gateway once per state, and every active one once by when it was seen and by its version', () => {
    fc.assert(
      fc.property(views, (rows) => {
        const fleet = rows.map(({ seen: heard, ...row }, n) =>
          view({ ...row, serial: `pi-${n}`, seen: heard && seen(heard) }),
        )
        const all = overviewOf(fleet, NOW, true)
        const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
        expect(sum(Object.values(all.states))).toBe(fleet.length)
        expect(sum(Object.values(all.lastSeen))).toBe(all.states.active)
        expect(sum(all.versions.map(({ gateways }) => gateways))).toBe(all.states.active)
        expect(all.well).toBe(
          fleet.filter((one) => one.state === 'active' && concernsOf(one, NOW, true).length === 0).length,
        )
        for (const concern of CONCERNS) {
          const byConcern = (one: GatewayView) => concernsOf(one, NOW, true)
          const context = { concernsOf: byConcern, mayNameHouseholds: true }
          expect(select(fleet, { concern }, context)).toHaveLength(all.concerns[concern] ?? 0)
        }
      }),
    )
  })

  it('says when the first certificate ends, and what was found most', () => {
    const fleet = [
      view({ certificateEndsMs: NOW + 5, seen: seen({ findings: ['phase-2-reversed'] }) }),
      view({ certificateEndsMs: NOW + 3, seen: seen({ findings: ['import-counter-stuck', 'phase-2-reversed'] }) }),
      view({ certificateEndsMs: NOW + 1, state: 'retired' }),
    ]
    expect(overviewOf(fleet, NOW, true)).toMatchObject({
      nextExpiryMs: NOW + 3,
      findings: [
        { finding: 'phase-2-reversed', gateways: 2 },
        { finding: 'import-counter-stuck', gateways: 1 },
      ],
    })
    expect(overviewOf([], NOW, true)).toMatchObject({ gateways: 0, well: 0, nextExpiryMs: undefined })
  })
})

describe('a search', () => {
  const fleet = [view(), view({ serial: 'PI-2', household: 'Smith', site: '33'.repeat(16), zone: 2, tags: ['x'] })]
  const found = (selection: Selection, mayNameHouseholds = true) =>
    select(fleet, selection, { concernsOf: () => [], mayNameHouseholds }).map(({ serial }) => serial)

  it.each([
    [{ text: 'pi' }, ['pi-1', 'PI-2']],
    [{ text: 'elm street' }, ['pi-1']],
    [{ text: '3333' }, ['PI-2']],
    [{ zone: 2 }, ['PI-2']],
    [{ tags: ['x'] }, ['PI-2']],
    [{ tags: ['x', 'y'] }, []],
    [{ serials: ['PI-2', 'pi-9'] }, ['PI-2']],
    [{ state: 'active' as const, text: 'smith' }, ['PI-2']],
    [{ state: 'revoked' as const }, []],
  ])('%j', (selection, expected) => {
    expect(found(selection)).toEqual(expected)
  })

  it('does not tell a household to who may not know it, not even by what it finds', () => {
    expect(found({ text: 'miller' }, false)).toEqual([])
  })
})

import type { SiteDeviation, TradeState } from '@wattfleet/market'
import { decodeEnergy, sha256 } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import type { EnergyRecord } from '../../src/ports.ts'
import { isDue, nextCall, planSlot } from '../../src/settle/plan.ts'
import { COMMUNITY, house, RULES, SLOT, signedEnergy } from '../support/street.ts'

const [ada, ben] = [house('ada'), house('ben')]
const trades: TradeState[] = [{ trade: 1, sellerSite: ada.site, buyerSite: ben.site, energyWh: 500, allocatedWh: null }]

function reading(of = ada, rest = {}): EnergyRecord {
  const signed = signedEnergy(of, { sequence: 1, importWh: 500, exportWh: 500, ...rest })
  const energy = decodeEnergy(signed.bytes)
  if (energy === undefined) throw new Error('not an energy message')
  return { site: of.site, energy, signed }
}
const FROM = SLOT + 900 + 3600
const LATEST = SLOT + 900 + 86_400

describe('when a slot is executed', () => {
  const both = [reading(ada), reading(ben)]
  const rows: [string, number, EnergyRecord[], boolean][] = [
    ['too early', FROM - 1, both, false],
    ['as soon as it may, with all readings', FROM, both, true],
    ['not while one is awaited', FROM, [reading(ada)], false],
    ['nor while one says that nothing is known', FROM, [reading(ada), reading(ben, { quality: 'missing' })], false],
    ['at the latest without', LATEST, [], true],
    ['not a second before', LATEST - 1, [], false],
  ]
  it.each(rows)('%s', (_, nowS, energies, due) => {
    expect(isDue(SLOT, RULES, nowS, trades, energies)).toBe(due)
  })
})

describe('what a slot is settled by', () => {
  it('commits to the readings it used and to no others', () => {
    const used = [reading(ada), reading(ben)]
    const plan = planSlot(COMMUNITY, SLOT, trades, used, sha256)
    const unused = [...used, reading(house('cy'))]
    expect(planSlot(COMMUNITY, SLOT, trades, unused, sha256)).toEqual(plan)
    expect(planSlot(COMMUNITY, SLOT, trades, [reading(ada)], sha256).root).not.toBe(plan.root)
  })
  it('names the message that each site’s figures come from: one for each, and none where it is missing', () => {
    const plan = planSlot(COMMUNITY, SLOT, trades, [reading(ada, { sequence: 7 })], sha256)
    expect(plan.deviations.find(({ site }) => site === ada.site)).toMatchObject({ message: { epoch: 1, sequence: 7 } })
    expect(plan.deviations.find(({ site }) => site === ben.site)).not.toHaveProperty('message')
    const call = nextCall(plan, trades, new Map(), { allocations: 9, deviations: 9 })
    expect(call?.allocations).toEqual([{ trade: 1, allocatedWh: 500 }])
    const messages = call?.deviations.map(({ message }) => message)
    expect(messages).toHaveLength(2)
    expect(messages).toEqual(expect.arrayContaining([{ epoch: 1, sequence: 7 }, undefined]))
  })

  it('takes a reading that says nothing as missing, and does not commit to it', () => {
    const plan = planSlot(COMMUNITY, SLOT, trades, [reading(ada, { quality: 'missing' }), reading(ben)], sha256)
    expect(plan.root).toBe(planSlot(COMMUNITY, SLOT, trades, [reading(ben)], sha256).root)
    expect(plan.deviations.find(({ site }) => site === ada.site)).toMatchObject({
      missingExport: true,
      shortfallWh: 500,
    })
  })
  it('goes in calls of bounded size: allocations only once every site is settled', () => {
    const many = Array.from(
      { length: 450 },
      (_, i): TradeState => ({ trade: i + 1, sellerSite: `s${i}`, buyerSite: 'b', energyWh: 1, allocatedWh: null }),
    )
    const plan = planSlot(COMMUNITY, SLOT, many, [], sha256)
    const executed = new Map<number, number>()
    const settled = new Map<string, SiteDeviation>()
    const stateOf = (trade: TradeState) => ({ ...trade, allocatedWh: executed.get(trade.trade) ?? null })
    const sizes: [number, number][] = []
    const limits = { allocations: 200, deviations: 100 }
    const next = () => nextCall(plan, many.map(stateOf), settled, limits)
    for (let call = next(); call; call = next()) {
      sizes.push([call.allocations.length, call.deviations.length])
      expect(call.allocations.length === 0 || settled.size + call.deviations.length === 451).toBe(true)
      for (const { trade, allocatedWh } of call.allocations) executed.set(trade, allocatedWh)
      for (const deviation of call.deviations) settled.set(deviation.site, deviation)
    }
    expect(sizes).toEqual([
      [0, 100],
      [0, 100],
      [0, 100],
      [0, 100],
      // half of the room is taken, and one more of a hundred: of 200, 98 are left
      [98, 51],
      [200, 0],
      [152, 0],
    ])
    expect(settled.size).toBe(451)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type SiteEnergy, type SlotTrade, settleSlot } from '../src/settle.ts'

const trade = (number: number, sellerSite: string, buyerSite: string, energyWh: number): SlotTrade => ({
  trade: number,
  sellerSite,
  buyerSite,
  energyWh,
})
const energies = (entries: Record<string, SiteEnergy>) => new Map(Object.entries(entries))
const allocatedOf = (trades: SlotTrade[], of: Record<string, SiteEnergy>) =>
  settleSlot(trades, energies(of)).allocations.map((a) => a.allocatedWh)

describe('execution of one slot', () => {
  it('delivers what was traded where everybody kept their word', () => {
    const result = settleSlot(
      [trade(1, 's', 'b', 400)],
      energies({ s: { importWh: 0, exportWh: 500 }, b: { importWh: 400, exportWh: 0 } }),
    )
    expect(result.allocations).toEqual([{ trade: 1, allocatedWh: 400 }])
    expect(result.sites).toEqual([
      {
        site: 'b',
        soldWh: 0,
        boughtWh: 400,
        allocatedSoldWh: 0,
        allocatedBoughtWh: 400,
        shortfallWh: 0,
        unusedWh: 0,
        missingImport: false,
        missingExport: false,
      },
      {
        site: 's',
        soldWh: 400,
        boughtWh: 0,
        allocatedSoldWh: 400,
        allocatedBoughtWh: 0,
        shortfallWh: 0,
        unusedWh: 0,
        missingImport: false,
        missingExport: false,
      },
    ])
  })
  it('takes the lesser of the two shares', () => {
    const of = { s: { exportWh: 300, importWh: 0 }, b: { importWh: 100, exportWh: 0 } }
    const result = settleSlot([trade(1, 's', 'b', 400)], energies(of))
    expect(result.allocations).toEqual([{ trade: 1, allocatedWh: 100 }])
    expect(result.sites.map((s) => [s.site, s.shortfallWh, s.unusedWh])).toEqual([
      ['b', 0, 300],
      ['s', 100, 0],
    ])
  })
  it('gives the Wh lost by rounding in the order of trade numbers', () => {
    const trades = [trade(3, 's', 'b3', 100), trade(1, 's', 'b1', 100), trade(2, 's', 'b2', 100)]
    const of = {
      s: { exportWh: 200, importWh: 0 },
      b1: { importWh: 100 },
      b2: { importWh: 100 },
      b3: { importWh: 100 },
    }
    expect(settleSlot(trades, energies(of)).allocations).toEqual([
      { trade: 1, allocatedWh: 67 },
      { trade: 2, allocatedWh: 67 },
      { trade: 3, allocatedWh: 66 },
    ])
  })
  it('does not give one buyer what another did not take: only rounding is given back', () => {
    const trades = [trade(1, 's', 'b1', 100), trade(2, 's', 'b2', 100)]
    expect(allocatedOf(trades, { s: { exportWh: 100 }, b1: { importWh: 10 }, b2: { importWh: 100 } })).toEqual([10, 50])
  })
  it('counts a missing export as not delivered, and marks it', () => {
    const { allocations, sites } = settleSlot(
      [trade(1, 's', 'b', 400)],
      energies({ b: { importWh: 400, exportWh: 0 } }),
    )
    expect(allocations).toEqual([{ trade: 1, allocatedWh: 0 }])
    expect(sites.find((s) => s.site === 's')).toMatchObject({
      shortfallWh: 400,
      missingExport: true,
      missingImport: true,
    })
  })
  it('counts a missing import as taken as bought, and marks it', () => {
    const { allocations, sites } = settleSlot(
      [trade(1, 's', 'b', 400)],
      energies({ s: { exportWh: 400, importWh: 0 } }),
    )
    expect(allocations).toEqual([{ trade: 1, allocatedWh: 400 }])
    expect(sites.find((s) => s.site === 'b')).toMatchObject({ unusedWh: 0, missingImport: true })
  })
  it('holds at figures beyond 2^53 in their products', () => {
    const most = 0xffff_ffff
    const trades = [trade(1, 's', 'b', most), trade(2, 's', 'c', most)]
    expect(allocatedOf(trades, { s: { exportWh: most }, b: { importWh: most }, c: { importWh: most } })).toEqual([
      (most + 1) / 2,
      (most - 1) / 2,
    ])
  })
})

const SITES = ['a', 'b', 'c', 'd']
const anySlot = fc.record({
  trades: fc
    .array(fc.tuple(fc.nat(3), fc.nat(2), fc.integer({ min: 1, max: 500 })), { maxLength: 12 })
    .map((list) =>
      list.map(([seller, step, wh], i) =>
        trade(i + 1, SITES[seller] ?? 'a', SITES[(seller + 1 + step) % 4] ?? 'b', wh),
      ),
    ),
  energies: fc
    .array(fc.record({ importWh: fc.nat(1500), exportWh: fc.nat(1500) }, { requiredKeys: [] }), {
      minLength: 4,
      maxLength: 4,
    })
    .map((list) => new Map(SITES.map((site, i): [string, SiteEnergy] => [site, list[i] ?? {}]))),
})

describe('for every slot', () => {
  it('allocations stay within what was traded and measured, and the deviations within the bounds of the chain', () => {
    fc.assert(
      fc.property(anySlot, ({ trades, energies: of }) => {
        const { allocations, sites } = settleSlot(trades, of)
        expect(allocations.map((a) => a.trade)).toEqual(trades.map((t) => t.trade))
        const sold = new Map<string, number>()
        const bought = new Map<string, number>()
        trades.forEach((t, i) => {
          const wh = allocations[i]?.allocatedWh ?? -1
          expect(wh).toBeGreaterThanOrEqual(0)
          expect(wh).toBeLessThanOrEqual(t.energyWh)
          sold.set(t.sellerSite, (sold.get(t.sellerSite) ?? 0) + wh)
          bought.set(t.buyerSite, (bought.get(t.buyerSite) ?? 0) + wh)
        })
        for (const site of sites) {
          expect(site.allocatedSoldWh).toBe(sold.get(site.site) ?? 0)
          expect(site.allocatedBoughtWh).toBe(bought.get(site.site) ?? 0)
          expect(site.allocatedSoldWh).toBeLessThanOrEqual(of.get(site.site)?.exportWh ?? 0)
          expect(site.allocatedBoughtWh).toBeLessThanOrEqual(of.get(site.site)?.importWh ?? site.boughtWh)
          expect(site.shortfallWh).toBeLessThanOrEqual(site.soldWh - site.allocatedSoldWh)
          expect(site.unusedWh).toBeLessThanOrEqual(site.boughtWh - site.allocatedBoughtWh)
        }
        const total = (pick: (s: (typeof sites)[number]) => number) => sites.reduce((sum, s) => sum + pick(s), 0)
        expect(total((s) => s.allocatedSoldWh)).toBe(total((s) => s.allocatedBoughtWh))
      }),
      { numRuns: 500 },
    )
  })
  it('how the trades are listed does not matter', () => {
    fc.assert(
      fc.property(anySlot, ({ trades, energies: of }) => {
        expect(settleSlot([...trades].reverse(), of)).toEqual(settleSlot(trades, of))
      }),
    )
  })
  it('a seller that alone is short loses nothing to rounding: all it exported is allocated', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 10 }),
        fc.nat(4000),
        (wh, exportWh) => {
          const trades = wh.map((energyWh, i) => trade(i + 1, 's', `b${i}`, energyWh))
          const of = new Map<string, SiteEnergy>(trades.map((t) => [t.buyerSite, { importWh: t.energyWh }]))
          of.set('s', { exportWh })
          const sold = wh.reduce((sum, x) => sum + x, 0)
          const allocated = settleSlot(trades, of).allocations.reduce((sum, a) => sum + a.allocatedWh, 0)
          expect(allocated).toBe(Math.min(sold, exportWh))
        },
      ),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { after, flowsOf, type HouseSpec, type HouseState, inverterIn, oneWay } from '../../src/core/house.ts'
import { acW } from '../../src/core/inverter.ts'
import { peakWOf } from '../../src/core/panels.ts'
import { withDerived } from '../../src/core/street.ts'

const HOURS = 5 / 3600
const EMPTY: HouseState = withDerived({
  ...{ importWh: 0, exportWh: 0, inverterWh: 0, pvWh: 0, chargedWh: 0, dischargedWh: 0, storedWh: 0 },
})
const base = (baseW: number) => ({ baseW, heatPumpW: 0, carW: 0 })

const power = (max: number) => fc.double({ min: 0, max, noNaN: true })
const spec: fc.Arbitrary<HouseSpec> = fc
  .record({
    name: fc.constant('a house'),
    annualKwh: fc.constant(4000),
    pv: fc.option(
      fc.record({
        peakW: fc.double({ min: 500, max: 20_000, noNaN: true }),
        tiltDeg: fc.constant(30),
        azimuthDeg: fc.constant(180),
      }),
      { nil: undefined },
    ),
    inverter: fc.option(
      fc.record({
        limitW: fc.option(fc.double({ min: 100, max: 20_000, noNaN: true }), { nil: undefined }),
        efficiency: fc.option(fc.double({ min: 0.9, max: 0.99, noNaN: true }), { nil: undefined }),
        feedInLimitW: fc.option(power(10_000), { nil: undefined }),
      }),
      { nil: undefined },
    ),
    battery: fc.option(
      fc.record({
        capacityWh: fc.double({ min: 1, max: 20_000, noNaN: true }),
        powerW: fc.double({ min: 1, max: 8000, noNaN: true }),
        roundTripEfficiency: fc.option(fc.double({ min: 0.6, max: 1, noNaN: true }), { nil: undefined }),
      }),
      { nil: undefined },
    ),
  })
  .map((house) => (house.pv === undefined ? { ...house, battery: undefined } : house))

/** A house, what its battery holds as a share, its load, and what its panels could give. */
const situation = fc
  .tuple(spec, fc.double({ min: 0, max: 1, noNaN: true }), power(12_000), power(22_000))
  .map(([house, share, loadW, sunW]) => ({
    house,
    storedWh: share * (house.battery?.capacityWh ?? 0),
    loadW,
    availableW: Math.min(sunW, peakWOf(house.pv) * 1.2),
  }))
const NEAR = 1e-6

describe('the flows of a house', () => {
  it('balance at the grid, at the inverter and in the battery', () => {
    fc.assert(
      fc.property(situation, ({ house, storedWh, loadW, availableW }) => {
        const f = flowsOf(house, storedWh, base(loadW), availableW, HOURS)
        expect(Math.abs(f.importW + f.inverterW - f.loadW - f.exportW)).toBeLessThan(NEAR)
        const dc = f.pvW + f.dischargeW - f.chargeW
        expect(Math.abs(acW(inverterIn(house), dc) - f.inverterW)).toBeLessThan(NEAR)
        expect(Math.abs(f.lossW - (dc - f.inverterW))).toBeLessThan(NEAR)
        const [into, outOf] = [f.pvW + f.importW + f.dischargeW, f.loadW + f.chargeW + f.lossW + f.exportW]
        expect(Math.abs(into - outOf)).toBeLessThan(NEAR)
        const storedMoreWh = after(house, { ...EMPTY, storedWh }, f, HOURS).storedWh - storedWh
        const netWh = (f.chargeW * oneWay(house.battery) - f.dischargeW / oneWay(house.battery)) * HOURS
        expect(Math.abs(storedMoreWh - netWh)).toBeLessThan(NEAR)
      }),
    )
  })

  it('are nothing at the grid where battery and sun carry the load to the last watt', () => {
    fc.assert(
      fc.property(situation, ({ house, storedWh, loadW, availableW }) => {
        const { importW, exportW } = flowsOf(house, storedWh, base(loadW), availableW, HOURS)
        for (const flowW of [importW, exportW]) expect(flowW === 0 || flowW > 1e-8).toBe(true)
      }),
    )
  })

  it('keep every limit', () => {
    fc.assert(
      fc.property(situation, ({ house, storedWh, loadW, availableW }) => {
        const f = flowsOf(house, storedWh, base(loadW), availableW, HOURS)
        for (const [name, value] of Object.entries(f)) {
          if (typeof value === 'number') expect(value, name).toBeGreaterThanOrEqual(-NEAR)
        }
        expect(f.pvW).toBeLessThanOrEqual(availableW + NEAR)
        expect(f.inverterW).toBeLessThanOrEqual(inverterIn(house).limitW + NEAR)
        expect(f.exportW).toBeLessThanOrEqual((house.inverter?.feedInLimitW ?? Number.POSITIVE_INFINITY) + NEAR)
        expect(Math.max(f.chargeW, f.dischargeW)).toBeLessThanOrEqual(house.battery?.powerW ?? 0)
        expect(Math.min(f.chargeW, f.dischargeW)).toBe(0)
        expect(Math.min(f.importW, f.exportW)).toBe(0)
        const storedAfter = after(house, { ...EMPTY, storedWh }, f, HOURS).storedWh
        expect(storedAfter).toBeGreaterThanOrEqual(-NEAR)
        expect(storedAfter).toBeLessThanOrEqual((house.battery?.capacityWh ?? 0) + NEAR)
      }),
    )
  })

  it('waste no sun but what the inverter cannot pass, and never trade the battery with the grid', () => {
    fc.assert(
      fc.property(situation, ({ house, storedWh, loadW, availableW }) => {
        const f = flowsOf(house, storedWh, base(loadW), availableW, HOURS)
        if (!f.throttled) expect(f.pvW).toBeCloseTo(availableW, 6)
        if (f.chargeW > 0) expect(f.importW).toBeLessThan(Math.max(NEAR, loadW - inverterIn(house).limitW + NEAR))
        if (f.dischargeW > 0) expect(f.exportW).toBeLessThan(NEAR)
      }),
    )
  })

  const pv = { peakW: 5000, tiltDeg: 30, azimuthDeg: 180 }
  const battery = { capacityWh: 5000, powerW: 1000 }
  const house = { name: 'h', annualKwh: 4000 }
  it.each([
    {
      name: 'without sun or battery takes all from the grid',
      spec: house,
      stored: 0,
      load: 480,
      sun: 0,
      out: { importW: 480, exportW: 0, inverterW: 0 },
    },
    {
      name: 'feeds in what it does not need',
      spec: { ...house, pv },
      stored: 0,
      load: 480,
      sun: 1000,
      out: { importW: 0, exportW: 480, inverterW: 960 },
    },
    {
      name: 'charges before it feeds in',
      spec: { ...house, pv, battery },
      stored: 0,
      load: 480,
      sun: 1000,
      out: { chargeW: 500, exportW: 0, importW: 0 },
    },
    {
      name: 'charges no faster than the battery can',
      spec: { ...house, pv, battery },
      stored: 0,
      load: 480,
      sun: 2500,
      out: { chargeW: 1000, exportW: 960 },
    },
    {
      name: 'leaves a full battery alone',
      spec: { ...house, pv, battery },
      stored: 5000,
      load: 480,
      sun: 1000,
      out: { chargeW: 0, exportW: 480 },
    },
    {
      name: 'serves the night from the battery',
      spec: { ...house, pv, battery },
      stored: 2500,
      load: 480,
      sun: 0,
      out: { dischargeW: 500, importW: 0, exportW: 0 },
    },
    {
      name: 'takes the rest from the grid',
      spec: { ...house, pv, battery },
      stored: 2500,
      load: 1920,
      sun: 0,
      out: { dischargeW: 1000, importW: 960 },
    },
    {
      name: 'has nothing from an empty battery',
      spec: { ...house, pv, battery },
      stored: 0,
      load: 480,
      sun: 0,
      out: { dischargeW: 0, importW: 480 },
    },
    {
      name: 'keeps what is reserved',
      spec: { ...house, pv, battery: { ...battery, reserveWh: 1000 } },
      stored: 1000,
      load: 480,
      sun: 0,
      out: { dischargeW: 0, importW: 480 },
    },
    {
      name: 'charges what the inverter cannot pass, also while the load needs more than it gives',
      spec: { ...house, pv, battery, inverter: { limitW: 960, efficiency: 0.96 } },
      stored: 0,
      load: 2000,
      sun: 1800,
      out: { inverterW: 960, chargeW: 800, importW: 1040 },
    },
    {
      name: 'feeds in no more than the inverter may',
      spec: { ...house, pv, inverter: { limitW: 960 } },
      stored: 0,
      load: 480,
      sun: 1800,
      out: { inverterW: 960, pvW: 1000, exportW: 480, lossW: 40 },
    },
    {
      name: 'feeds in no more than the grid operator lets it, and charges before that',
      spec: { ...house, pv, battery, inverter: { limitW: 5000, feedInLimitW: 500 } },
      stored: 0,
      load: 480,
      sun: 3000,
      out: { inverterW: 980, exportW: 500, chargeW: 1000, importW: 0 },
    },
    {
      name: 'feeds in nothing where it may not',
      spec: { ...house, pv, inverter: { limitW: 5000, feedInLimitW: 0 } },
      stored: 0,
      load: 480,
      sun: 3000,
      out: { inverterW: 480, exportW: 0, importW: 0 },
    },
    {
      name: 'does not spend the last of a battery on the inverter alone',
      spec: { ...house, pv, battery, inverter: {} },
      stored: 0.01,
      load: 480,
      sun: 0,
      out: { dischargeW: 0, lossW: 0, importW: 480 },
    },
  ])('$name', ({ spec: one, stored, load, sun, out }) => {
    const flows = flowsOf(one, stored, base(load), sun, HOURS)
    for (const [name, value] of Object.entries(out)) {
      expect(flows[name as keyof typeof out], name).toBeCloseTo(value, 9)
    }
  })
})

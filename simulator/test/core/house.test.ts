import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  acLimitW,
  after,
  BATTERY_EFFICIENCY,
  flowsOf,
  type HouseSpec,
  type HouseState,
  INVERTER_EFFICIENCY,
} from '../../src/core/house.ts'

const HOURS = 5 / 3600
const EMPTY: HouseState = {
  importWh: 0,
  exportWh: 0,
  inverterWh: 0,
  pvWh: 0,
  chargedWh: 0,
  dischargedWh: 0,
  storedWh: 0,
}

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
    battery: fc.option(
      fc.record({
        capacityWh: fc.double({ min: 1, max: 20_000, noNaN: true }),
        powerW: fc.double({ min: 1, max: 8000, noNaN: true }),
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
    availableW: house.pv === undefined ? 0 : Math.min(sunW, house.pv.peakW * 1.2),
  }))
const NEAR = 1e-6

describe('the flows of a house', () => {
  it('balance at the grid, at the inverter and in the battery', () => {
    fc.assert(
      fc.property(situation, ({ house, storedWh, loadW, availableW }) => {
        const f = flowsOf(house, storedWh, loadW, availableW, HOURS)
        expect(Math.abs(f.importW + f.inverterW - f.loadW - f.exportW)).toBeLessThan(NEAR)
        expect(Math.abs((f.pvW + f.dischargeW - f.chargeW) * INVERTER_EFFICIENCY - f.inverterW)).toBeLessThan(NEAR)
        const storedMoreWh = after({ ...EMPTY, storedWh }, f, HOURS).storedWh - storedWh
        const netWh = (f.chargeW * BATTERY_EFFICIENCY - f.dischargeW / BATTERY_EFFICIENCY) * HOURS
        expect(Math.abs(storedMoreWh - netWh)).toBeLessThan(NEAR)
      }),
    )
  })

  it('keep every limit', () => {
    fc.assert(
      fc.property(situation, ({ house, storedWh, loadW, availableW }) => {
        const f = flowsOf(house, storedWh, loadW, availableW, HOURS)
        for (const [name, value] of Object.entries(f)) {
          if (typeof value === 'number') expect(value, name).toBeGreaterThanOrEqual(-NEAR)
        }
        expect(f.pvW).toBeLessThanOrEqual(availableW + NEAR)
        expect(f.inverterW).toBeLessThanOrEqual(acLimitW(house) + NEAR)
        expect(Math.max(f.chargeW, f.dischargeW)).toBeLessThanOrEqual(house.battery?.powerW ?? 0)
        expect(Math.min(f.chargeW, f.dischargeW)).toBe(0)
        expect(Math.min(f.importW, f.exportW)).toBe(0)
        const storedAfter = after({ ...EMPTY, storedWh }, f, HOURS).storedWh
        expect(storedAfter).toBeGreaterThanOrEqual(-NEAR)
        expect(storedAfter).toBeLessThanOrEqual((house.battery?.capacityWh ?? 0) + NEAR)
      }),
    )
  })

  it('waste no sun but what the inverter cannot pass, and never trade the battery with the grid', () => {
    fc.assert(
      fc.property(situation, ({ house, storedWh, loadW, availableW }) => {
        const f = flowsOf(house, storedWh, loadW, availableW, HOURS)
        if (!f.throttled) expect(f.pvW).toBeCloseTo(availableW, 6)
        if (f.chargeW > 0) expect(f.importW).toBeLessThan(Math.max(NEAR, loadW - acLimitW(house) + NEAR))
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
  ])('$name', ({ spec: one, stored, load, sun, out }) => {
    const flows = flowsOf(one, stored, load, sun, HOURS)
    for (const [name, value] of Object.entries(out)) {
      expect(flows[name as keyof typeof out], name).toBeCloseTo(value, 9)
    }
  })
})

import { describe, expect, it } from 'vitest'
import { counterStepWh, counterWh, good, watts } from '../../src/core/readings.ts'

describe('the step of a counter', () => {
  // the distance to the next 32-bit float, found by asking for it
  it.each([500, 8_000_000, 9_000_000, 20_000_000, 40_000_000, 70_000_000])(
    'of a single that counts kWh, at %i Wh, is the distance to its neighbour',
    (energyWh) => {
      const [kWh = 0] = new Float32Array([energyWh / 1000])
      const bits = new Uint32Array(new Float32Array([kWh]).buffer)
      bits[0] = (bits[0] ?? 0) + 1
      const [next = 0] = new Float32Array(bits.buffer)
      const step = counterStepWh({ as: 'f32', unit: 'kWh' }, energyWh)
      expect(step).toBeCloseTo(Math.max(1, (next - kWh) * 1000), 6)
    },
  )

  it.each([
    ['a tenth of a kWh', { as: 'u32', unit: 'kWh', scale: 0.1 }, 100],
    ['a hundredth of a kWh', { as: 'u64', unit: 'kWh', scale: 0.01 }, 10],
    ['a whole kWh', { as: 's32', unit: 'kWh' }, 1_000],
    ['a tenth of a Wh: what is given is whole Wh', { as: 'u32', unit: 'Wh', scale: 0.1 }, 1],
    ['a double', { as: 'f64', unit: 'kWh' }, 1],
  ] as const)('of an integer is its count: %s', (_, point, step) => {
    expect(counterStepWh(point, 70_000_000)).toBeCloseTo(step, 9)
  })
})

describe('units', () => {
  it.each([
    ['Wh', 1_234.4, 1_234],
    ['kWh', 1.2345, 1_235],
    ['MWh', 0.001_234, 1_234],
  ])('of energy in %s', (unit, value, wh) => {
    expect(counterWh(good(value, 0), unit)).toEqual(good(wh, 0))
  })

  it('of power, and none that is no power', () => {
    expect(watts(good(-1.5, 0), 'kW')).toEqual(good(-1_500, 0))
    expect(() => watts(good(1, 0), 'V')).toThrow('V is no unit of W')
    expect(() => counterWh(good(1, 0), undefined)).toThrow(RangeError)
  })
})

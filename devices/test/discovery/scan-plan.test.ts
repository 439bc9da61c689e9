import { describe, expect, it } from 'vitest'
import {
  BAUD_RATES,
  defaultUnits,
  FRAMES,
  MOST_AT_ONCE,
  PROBES,
  planScan,
  type ScanWish,
} from '../../src/discovery/scan-plan.ts'
import { type LineTarget, targetText } from '../../src/discovery/target.ts'
import { shippedModel } from '../../src/index.ts'

const wish = (overrides: Partial<ScanWish> = {}): ScanWish => ({
  ...{ serial: [], network: [], bauds: BAUD_RATES, frames: FRAMES, units: [1, 2, 3] },
  ...overrides,
})
const address = (port: number): Exclude<LineTarget, { via: 'serial' }> => ({ via: 'tcp', host: '10.0.0.1', port })

describe('the plan of a scan', () => {
  it('asks a serial port at the usual settings first, and each only once', () => {
    const { serial } = planScan(wish({ serial: [{ path: '/dev/ttyUSB0' }] }))
    const settings = serial.map(({ target }) => targetText(target))
    expect(settings.slice(0, 4)).toEqual([
      '/dev/ttyUSB0 9600 8N1',
      '/dev/ttyUSB0 9600 8E1',
      '/dev/ttyUSB0 9600 8N2',
      '/dev/ttyUSB0 19200 8N1',
    ])
    expect(settings).toHaveLength(21)
    expect(new Set(settings).size).toBe(21)
    expect(serial.every(({ units }) => units.length === 3)).toBe(true)
  })

  it('keeps to the settings that are known', () => {
    const known = { path: 'a', baudRate: 2_400, frame: { parity: 'even', stopBits: 1 } } as const
    const { serial } = planScan(wish({ serial: [known, { path: 'b', baudRate: 300 }] }))
    expect(serial.map(({ target }) => targetText(target))).toEqual([
      ...['a 2400 8E1', 'b 300 8N1', 'b 300 8E1', 'b 300 8N2'],
    ])
  })

  it.each([9_600, 2_400, 115_200])('bounds what a silent line takes at %i baud', (baudRate) => {
    const units = Array.from({ length: 247 }, (_, i) => i + 1)
    const { serial, serialMs } = planScan(wish({ serial: [{ path: 'a', baudRate }], units, timeoutMs: 300 }))
    // a request of 8 characters, then the wait for the beginning and for the length of an answer
    const characters = (8 + 9) * ((1000 * 11) / baudRate)
    expect(serialMs).toBe(serial.reduce((sum, { mostMs }) => sum + mostMs, 0))
    for (const { mostMs } of serial) {
      expect(mostMs).toBeGreaterThan(247 * PROBES.length * 300)
      expect(mostMs).toBeLessThan(247 * PROBES.length * (300 + characters + 40) + 500)
    }
  })

  it('asks a default scan of one port in a few minutes at most', () => {
    const units = defaultUnits([])
    expect(planScan(wish({ serial: [{ path: 'a' }], units })).serialMs).toBeLessThan(5 * 60_000)
  })

  it('bounds what addresses take that nobody answers at', () => {
    const network = Array.from({ length: 3 * 254 }, (_, i) => address(1 + i))
    const plan = planScan(wish({ network }))
    expect(plan.network.map(({ target }) => target)).toEqual(network)
    expect(plan.knockMs).toBe(Math.ceil(762 / MOST_AT_ONCE) * 1000)
    expect(plan.openMs).toBeGreaterThanOrEqual(3 * PROBES.length * 1000)
    expect(planScan(wish({ network, timeoutMs: 100 })).knockMs).toBe(2_400)
  })

  it('asks units 1 to 10 first, then those that models leave the factory with', () => {
    const model = shippedModel('eastron-sdm630')
    const units = defaultUnits([model, { ...model, unitId: 71 }, { ...model, unitId: 11 }, { ...model, unitId: 255 }])
    expect(units).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 71, 126, 240])
  })

  it.each([0, 248, 1.5])('knows no unit %d', (unit) => {
    expect(() => planScan(wish({ units: [1, unit] }))).toThrow(RangeError)
  })

  it('asks by reading alone', () => {
    expect(PROBES.every(({ kind }) => kind === 'input' || kind === 'holding')).toBe(true)
  })
})

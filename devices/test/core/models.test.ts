import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeNumber, decodeText } from '../../src/core/decode.ts'
import { encodeImage } from '../../src/core/encode.ts'
import { type PointTable, wordsOf } from '../../src/core/points.ts'
import { SDM630, SDM630_LENGTH } from '../../src/models/sdm630.ts'
import * as sunspec from '../../src/models/sunspec.ts'
import { hexRegisters } from '../tcp-device.ts'

const MODELS: readonly { name: string; table: PointTable; length: number; factors?: PointTable }[] = [
  { name: SDM630.name, table: SDM630.points, length: SDM630_LENGTH },
  { name: 'SunSpec 1', table: sunspec.COMMON, length: 2 + sunspec.COMMON_LENGTH },
  { name: 'SunSpec 101–103', table: sunspec.INVERTER_INTEGER, length: 2 + sunspec.INVERTER_INTEGER_LENGTH },
  { name: 'SunSpec 111–113', table: sunspec.INVERTER_FLOAT, length: 2 + sunspec.INVERTER_FLOAT_LENGTH },
  { name: 'SunSpec 160, head', table: sunspec.MPPT_HEAD, length: sunspec.MPPT_HEAD_WORDS },
  {
    name: 'SunSpec 160, input',
    table: sunspec.MPPT_INPUT,
    length: sunspec.MPPT_INPUT_WORDS,
    factors: sunspec.MPPT_HEAD,
  },
]

describe.each(MODELS)('model $name', ({ table, length, factors }) => {
  it('lies within its length, no point on another', () => {
    const taken = new Set<number>()
    for (const [name, point] of Object.entries(table)) {
      for (let at = point.at; at < point.at + wordsOf(point); at++) {
        expect(taken.has(at), `${name} at ${at}`).toBe(false)
        expect(at).toBeLessThan(length)
        taken.add(at)
      }
    }
  })

  it('has every scale factor it names', () => {
    for (const { scaleFactor } of Object.values(table)) {
      if (scaleFactor !== undefined) expect((factors ?? table)[scaleFactor]).toBeDefined()
    }
  })

  it('marks what has no value as not available, and reads it so', () => {
    const factorValues = Object.fromEntries(
      Object.keys({ ...table, ...factors })
        .filter((name) => name.endsWith('_SF'))
        .map((name) => [name, 0]),
    )
    const blocks = [{ at: 0, registers: [...encodeImage(table, factorValues, length)] }]
    for (const [name, point] of Object.entries(table)) {
      if (name.endsWith('_SF')) continue
      const decoded = point.as === 'string' ? decodeText(table, name, blocks) : decodeNumber(table, name, blocks)
      expect(decoded, name).toEqual({ ok: false, reason: 'not-available' })
    }
  })
})

describe('the SDM630', () => {
  // 230.1 V, -1234.5 W, 50 Hz, 12345.678 kWh and 0.25 kWh as IEEE 754 singles, worked out by hand
  const golden = new Map([
    [0x0000, '4366 199a'],
    [0x0034, 'c49a 5000'],
    [0x0046, '4248 0000'],
    [0x0048, '4640 e6b6'],
    [0x004a, '3e80 0000'],
  ])
  const blocks = [...golden].map(([at, hex]) => ({ at, registers: hexRegisters(hex) }))

  it.each([
    ['voltageL1', 230.1, 1e-5],
    ['totalPower', -1234.5, 0],
    ['frequency', 50, 0],
    ['importEnergy', 12_345.678, 5e-4],
    ['exportEnergy', 0.25, 0],
  ] as const)('decodes %s from the golden image', (name, value, within) => {
    const decoded = decodeNumber(SDM630.points, name, blocks)
    expect(decoded.ok && Math.abs(decoded.value - value)).toBeLessThanOrEqual(within)
  })

  it('encodes the same bytes', () => {
    const values = {
      voltageL1: 230.1,
      totalPower: -1234.5,
      frequency: 50,
      importEnergy: 12_345.678,
      exportEnergy: 0.25,
    }
    const image = encodeImage(SDM630.points, values, SDM630_LENGTH)
    for (const [at, hex] of golden) expect([...image.subarray(at, at + 2)]).toEqual(hexRegisters(hex))
  })

  it.each(['7fc0 0000', 'ffc0 0000', '7f80 0000', 'ff80 0000'])('takes %s for not available', (hex) => {
    const power = [{ at: 0x34, registers: hexRegisters(hex) }]
    expect(decodeNumber(SDM630.points, 'totalPower', power)).toEqual({ ok: false, reason: 'not-available' })
  })

  it('keeps every float there and back', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const registers = [...encodeImage(SDM630.points, { totalPower: value }, SDM630_LENGTH)]
        expect(decodeNumber(SDM630.points, 'totalPower', [{ at: 0, registers }])).toEqual({ ok: true, value })
      }),
    )
  })
})

describe('SunSpec integers', () => {
  const { INVERTER_INTEGER: table } = sunspec
  const at = (address: number, hex: string) => ({ at: address, registers: hexRegisters(hex) })

  it.each([
    { what: 'power at 10^0', blocks: [at(14, '04d2 0000')], name: 'W', value: 1234 },
    { what: 'power at 10^-1', blocks: [at(14, '04d2 ffff')], name: 'W', value: 123.4 },
    { what: 'power at 10^1', blocks: [at(14, '04d2 0001')], name: 'W', value: 12_340 },
    { what: 'power below zero', blocks: [at(14, 'fb2e ffff')], name: 'W', value: -123.4 },
    { what: 'an accumulator', blocks: [at(24, '0012 d687 0001')], name: 'WH', value: 12_345_670 },
    { what: 'frequency', blocks: [at(16, '1388 fffe')], name: 'Hz', value: 50 },
  ])('reads $what', ({ blocks, name, value }) => {
    expect(decodeNumber(table, name, blocks)).toEqual({ ok: true, value })
  })

  it.each([
    { what: 'an int16 of 0x8000', blocks: [at(14, '8000 0000')], name: 'W' },
    { what: 'a uint16 of 0xffff', blocks: [at(16, 'ffff fffe')], name: 'Hz' },
    { what: 'an accumulator of 0', blocks: [at(24, '0000 0000 0000')], name: 'WH' },
    { what: 'a value whose scale factor is 0x8000', blocks: [at(14, '04d2 8000')], name: 'W' },
    { what: 'a value whose scale factor is out of range', blocks: [at(14, '04d2 000b')], name: 'W' },
  ])('takes $what for not available', ({ blocks, name }) => {
    expect(decodeNumber(table, name, blocks)).toEqual({ ok: false, reason: 'not-available' })
  })

  it('does not decode what was not read', () => {
    expect(decodeNumber(table, 'W', [at(14, '04d2')])).toEqual({ ok: false, reason: 'not-read' })
  })

  it('keeps what a scale factor can express, there and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -32_767, max: 32_767 }), fc.integer({ min: -4, max: 4 }), (raw, factor) => {
        const value = factor < 0 ? raw / 10 ** -factor : raw * 10 ** factor
        const registers = [...encodeImage({ W: table.W, W_SF: table.W_SF }, { W: value, W_SF: factor }, 16)]
        expect(decodeNumber(table, 'W', [{ at: 0, registers }])).toEqual({ ok: true, value: value === 0 ? 0 : value })
      }),
    )
  })

  it('refuses a value that its register cannot hold', () => {
    expect(() => encodeImage({ W: table.W, W_SF: table.W_SF }, { W: 40_000, W_SF: 0 }, 16)).toThrow(RangeError)
  })

  it('writes and reads texts', () => {
    const registers = [...encodeImage(sunspec.COMMON, { Mn: 'Halden & Söhne' }, 68)]
    expect(decodeText(sunspec.COMMON, 'Mn', [{ at: 0, registers }])).toEqual({ ok: true, value: 'Halden & Söhne' })
  })
})

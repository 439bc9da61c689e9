import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeNumber, decodeText } from '../src/core/decode.ts'
import { encodeImage, encodePoint } from '../src/core/encode.ts'
import { type Block, wordsAt } from '../src/core/image.ts'
import { type Point, type PointTable, type RegisterKind, wordsOf } from '../src/core/points.ts'
import { QUANTITIES, type Quantity } from '../src/core/quantities.ts'
import { modelIds, shippedModel } from '../src/models/load.ts'
import { layOut } from '../src/sunspec/model.ts'
import { knownSunSpec } from '../src/sunspec/models.ts'
import { GOLDEN, type Golden, goldenOf } from './golden.ts'
import { hexRegisters } from './tcp-device.ts'

function blocksOf({ registers }: Golden): Block[] {
  return Object.entries(registers).map(([key, hex]) => {
    const [kind, at] = key.includes(':') ? key.split(':') : [undefined, key]
    // one image is of one moment
    const registers = hexRegisters(hex)
    return { at: Number(at), registers, isSteady: true, ...(kind && { kind: kind as RegisterKind }) }
  })
}

describe.each(modelIds())('model %s', (id) => {
  const { points, marks } = shippedModel(id)

  it('means by each canonical name what that means', () => {
    for (const [name, point] of Object.entries(points)) {
      const quantity: Quantity | undefined = (QUANTITIES as Record<string, Quantity>)[name]
      if (quantity === undefined) continue
      expect(quantity.units, name).toContain(point.unit)
      expect(point.obis, name).toBe(quantity.obis)
    }
  })

  it('says of every signed power at the grid and at a battery which direction is positive', () => {
    for (const [name, { as, positive }] of Object.entries(points)) {
      const isSigned = as.startsWith('s') && as !== 'string' ? true : as.startsWith('f')
      if (/^(totalPower|powerL[123]|batteryPower)$/.test(name) && isSigned) expect(positive, name).toBeDefined()
    }
  })

  it('reads its golden image', () => {
    const golden = goldenOf(id)
    const blocks = blocksOf(golden)
    expect(Object.keys(golden.values).length).toBeGreaterThan(0)
    for (const [name, value] of Object.entries(golden.values)) {
      const isText = points[name]?.as === 'string'
      const decoded = isText ? decodeText(points, name, blocks) : decodeNumber(points, name, blocks)
      if (value === null) expect(decoded, name).toEqual({ ok: false, reason: 'not-available' })
      else if (typeof value === 'string') expect(decoded, name).toEqual({ ok: true, value })
      else expect(decoded.ok && Math.abs(Number(decoded.value) - value), name).toBeLessThanOrEqual(slack(value))
    }
  })

  it('writes the registers that it read', () => {
    const golden = goldenOf(id)
    const blocks = blocksOf(golden)
    const factors = Object.values(points).flatMap(({ scaleFactor }) => scaleFactor ?? [])
    const known = Object.fromEntries(Object.entries(golden.values).map(([name, value]) => [name, value ?? undefined]))
    for (const name of [...Object.keys(golden.values), ...factors]) {
      const { as, at, kind, words, notAvailable } = points[name] as Point
      // several bits mean "not available", and floats are compared above
      if (golden.values[name] === null && ((notAvailable?.length ?? 0) > 1 || as.startsWith('f'))) continue
      const encoded = encodePoint(points, name, known)
      if (as === 'string') {
        // devices fill texts up with zeros or with blanks
        expect(encoded, name).toHaveLength(words ?? 0)
        const again = [{ at, registers: encoded, ...(kind && { kind }) }]
        expect(decodeText(points, name, again), name).toEqual(decodeText(points, name, blocks))
      } else {
        expect(encoded, name).toEqual(wordsAt(blocks, at, encoded.length, kind))
      }
    }
  })

  it('is told by marks that it can read', () => {
    for (const { point, oneOf } of marks) {
      const { as } = points[point] as Point
      for (const value of oneOf) expect(typeof value, point).toBe(as === 'string' ? 'string' : 'number')
    }
  })
})

/** A single's digits; a double's and an integer's are more. */
const slack = (value: number) => Math.abs(value) * 1e-6 + 1e-9

it('has a golden image for each model, and none more', () => {
  const images = readdirSync(GOLDEN).map((name) => name.replace('.json', ''))
  expect(images.sort()).toEqual(modelIds())
})

const SUNSPEC = readdirSync(new URL('../models/sunspec/', import.meta.url)).map((name) => Number.parseInt(name, 10))

describe.each(SUNSPEC)('SunSpec model %i', (id) => {
  const model = knownSunSpec(id)
  const room = model.length - 2 + 3 * (model.groups ?? []).reduce((sum, { length }) => sum + 8 * length, 0)
  const table = layOut(model, room, () => 2)

  it('lies within its length, no point on another', () => {
    const taken = new Map<number, string>()
    for (const [name, { at, as, words }] of Object.entries(table)) {
      for (let register = at; register < at + wordsOf({ as, ...(words && { words }) }); register++) {
        expect(taken.get(register), `${name} at ${register}`).toBeUndefined()
        taken.set(register, name)
      }
    }
    expect(Math.max(...taken.keys())).toBeLessThan(room + 2)
  })

  it('has every scale factor that its points name', () => {
    const factors = Object.entries(model.points).filter(([, { sf }]) => typeof sf === 'string')
    for (const [name, { sf }] of factors) expect(table[name]?.scaleFactor, name).toBe(sf)
    for (const { scaleFactor } of Object.values(table)) if (scaleFactor) expect(table[scaleFactor]).toBeDefined()
  })

  it('marks what has no value as not available, and reads it so', () => {
    const factors = Object.values(table).flatMap(({ scaleFactor }) => scaleFactor ?? [])
    const values = Object.fromEntries(factors.map((name) => [name, 0]))
    const blocks = [{ at: 0, registers: [...encodeImage(table, values, room + 2)] }]
    for (const [name, point] of Object.entries(table)) {
      if (factors.includes(name)) continue
      const decoded = point.as === 'string' ? decodeText(table, name, blocks) : decodeNumber(table, name, blocks)
      expect(decoded, name).toEqual({ ok: false, reason: 'not-available' })
    }
  })
})

describe('a float', () => {
  const { points } = shippedModel('eastron-sdm630')
  it.each(['7fc0 0000', 'ffc0 0000', '7f80 0000', 'ff80 0000'])('of %s is not available', (hex) => {
    const power = [{ at: 0x34, registers: hexRegisters(hex) }]
    expect(decodeNumber(points, 'totalPower', power)).toEqual({ ok: false, reason: 'not-available' })
  })
})

describe('SunSpec integers', () => {
  const table = layOut(knownSunSpec(103), 50, () => undefined)
  const only = (...names: string[]): PointTable => Object.fromEntries(names.map((name) => [name, table[name] as Point]))
  const at = (address: number, hex: string) => ({ at: address, registers: hexRegisters(hex) })

  it.each([
    { what: 'power at 10^0', blocks: [at(14, '04d2 0000')], name: 'W', value: 1234 },
    { what: 'power at 10^-1', blocks: [at(14, '04d2 ffff')], name: 'W', value: 123.4 },
    { what: 'power at 10^1', blocks: [at(14, '04d2 0001')], name: 'W', value: 12_340 },
    { what: 'power below zero', blocks: [at(14, 'fb2e ffff')], name: 'W', value: -123.4 },
    { what: 'an accumulator', blocks: [at(24, '0012 d687 0001')], name: 'WH', value: 12_345_670 },
    { what: 'frequency', blocks: [at(16, '1388 fffe')], name: 'Hz', value: 50 },
  ])('read $what', ({ blocks, name, value }) => {
    expect(decodeNumber(table, name, blocks)).toEqual({ ok: true, value })
  })

  it.each([
    { what: 'an int16 of 0x8000', blocks: [at(14, '8000 0000')], name: 'W' },
    { what: 'a uint16 of 0xffff', blocks: [at(16, 'ffff fffe')], name: 'Hz' },
    { what: 'an accumulator of 0', blocks: [at(24, '0000 0000 0000')], name: 'WH' },
    { what: 'a value whose scale factor is 0x8000', blocks: [at(14, '04d2 8000')], name: 'W' },
    { what: 'a value whose scale factor is out of range', blocks: [at(14, '04d2 000b')], name: 'W' },
  ])('take $what for not available', ({ blocks, name }) => {
    expect(decodeNumber(table, name, blocks)).toEqual({ ok: false, reason: 'not-available' })
  })

  it('are not decoded where value and scale factor were not read together', () => {
    expect(decodeNumber(table, 'W', [at(14, '04d2')])).toEqual({ ok: false, reason: 'not-read' })
  })

  it('keep what a scale factor can express, there and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -32_767, max: 32_767 }), fc.integer({ min: -4, max: 4 }), (raw, factor) => {
        const value = factor < 0 ? raw / 10 ** -factor : raw * 10 ** factor
        const registers = [...encodeImage(only('W', 'W_SF'), { W: value, W_SF: factor }, 16)]
        expect(decodeNumber(table, 'W', [{ at: 0, registers }])).toEqual({ ok: true, value: value === 0 ? 0 : value })
      }),
    )
  })

  it('refuse a value that their register cannot hold', () => {
    expect(() => encodeImage(only('W', 'W_SF'), { W: 40_000, W_SF: 0 }, 16)).toThrow(RangeError)
  })

  it('leave texts as they are', () => {
    const common = layOut(knownSunSpec(1), 66, () => undefined)
    const registers = [...encodeImage(common, { Mn: 'Halden & Söhne' }, 68)]
    expect(decodeText(common, 'Mn', [{ at: 0, registers }])).toEqual({ ok: true, value: 'Halden & Söhne' })
  })
})

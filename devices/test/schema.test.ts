import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { JSON_SCHEMAS, schemaText } from '../src/models/json-schema.ts'
import { modelIds, readModel, shippedModel } from '../src/models/load.ts'
import { parseModel } from '../src/models/schema.ts'
import { parseSunSpec } from '../src/models/sunspec-schema.ts'
import { temporaryFolder } from './temporary.ts'

type Raw = Record<string, unknown>
const point = (rest: Raw = {}): Raw => ({ at: 0, as: 'u16', ...rest })
const file = (points: Raw = { power: point() }, rest: Raw = {}): Raw => ({
  ...{ maker: 'Maker', name: 'M1', category: 'grid-meter', sources: ['a document'], kind: 'holding', unitId: 1 },
  ...{ maxRegisters: 60, holes: 'rejected', marks: [], points, ...rest },
})

describe('a model file', () => {
  it.each<[string, Raw, string]>([
    ['an unknown field', file({}, { colour: 'red' }), '(file): Unrecognized key: "colour"'],
    ['no source', file({}, { sources: [] }), 'sources: '],
    ['more registers than the protocol has', file({}, { maxRegisters: 126 }), 'maxRegisters: '],
    ['a type that there is not', file({ power: point({ as: 'u24' }) }), 'points.power.as: '],
    ['an address that there is not', file({ power: point({ at: 65_536 }) }), 'points.power.at: '],
    ['an address that is no hex', file({ power: point({ at: '40x' }) }), 'points.power.at: '],
    ['a name with a blank', file({ 'a power': point() }), 'points.a power: '],
    ['no OBIS code', file({ power: point({ obis: '1-0:1.8.0' }) }), 'points.power.obis: expected a code C.D.E'],
    [
      'two points on one register',
      file({ a: point({ as: 'u32' }), b: point({ at: 1 }) }),
      'points.b: register 1 is already part of "a"',
    ],
    ['the same registers twice', file({ a: point(), b: point() }), 'points.b: register 0 is already part of "a"'],
    [
      'a point past the last register',
      file({ a: point({ at: 65_535, as: 'u32' }) }),
      'points.a: ends beyond register 65535',
    ],
    [
      'a point longer than a request',
      file({ a: point({ as: 'u64' }) }, { maxRegisters: 3 }),
      'points.a: is longer than a request of 3',
    ],
    ['a string without a length', file({ a: point({ as: 'string' }) }), 'points.a: a string needs "words"'],
    ['a number with a length', file({ a: point({ words: 2 }) }), 'points.a: "words" is for strings'],
    [
      'a string with a scale',
      file({ a: point({ as: 'string', words: 2, scale: 0.1 }) }),
      'points.a: a string has neither',
    ],
    ['a float with states', file({ a: point({ as: 'f32', states: { 1: 'on' } }) }), 'points.a: a float has neither'],
    ['a bit that there is not', file({ a: point({ bits: { 16: 'x' } }) }), 'points.a: has no such bit'],
    [
      'a word order of one register',
      file({ a: point({ wordOrder: 'last' }) }),
      'points.a: one register has no word order',
    ],
    [
      'bits that do not fit',
      file({ a: point({ notAvailable: ['0x10000'] }) }),
      'points.a: "notAvailable" has more bits',
    ],
    ['bounds the wrong way round', file({ a: point({ least: 2, most: 1 }) }), 'points.a: "least" is above "most"'],
    ['a scale factor that there is not', file({ a: point({ scaleFactor: 'b' }) }), 'points.a: there is no point "b"'],
    [
      'a scale factor of a scale factor',
      file({ a: point({ scaleFactor: 'a' }) }),
      'points.a: a scale factor has none itself',
    ],
    [
      'a mark without a point',
      file({}, { marks: [{ point: 'serial', oneOf: [1] }] }),
      'marks: there is no point "serial"',
    ],
  ])('with %s is refused, with the path and what was expected', (_, raw, said) => {
    const parsed = parseModel('m1', raw)
    expect(parsed.ok).toBe(false)
    expect(parsed.ok ? [] : parsed.faults).toEqual([expect.stringContaining(said)])
  })

  it('may have input and holding registers of the same addresses', () => {
    expect(parseModel('m1', file({ a: point(), b: point({ kind: 'input' }) })).ok).toBe(true)
  })

  it('says all that is wrong at once, and in which file', () => {
    const path = join(temporaryFolder(), 'my-meter.json')
    writeFileSync(path, JSON.stringify(file({ a: point({ words: 2 }), b: point() })))
    expect(() => readModel(path)).toThrow(`${path}:\n  points.a: "words" is for strings\n  points.b: register 0`)
    writeFileSync(path, '{')
    expect(() => readModel(path)).toThrow(path)
  })

  it('takes its name from the file', () => {
    const path = join(temporaryFolder(), 'my-meter.json')
    writeFileSync(path, JSON.stringify(file({ power: point({ at: '0x0A', notAvailable: ['0xffff'] }) })))
    expect(readModel(path)).toMatchObject({ id: 'my-meter', points: { power: { at: 10, notAvailable: [0xffffn] } } })
  })
})

it('says which models there are where one is asked for that there is not', () => {
  expect(() => shippedModel('sdm999')).toThrow(`no device model "sdm999"; there are ${modelIds().join(', ')}`)
})

it('refuses a SunSpec model with a type that there is not', () => {
  const raw = { id: 1, label: 'x', name: 'x', length: 2, points: { A: { at: 2, type: 'uint24' } } }
  expect(() => parseSunSpec(raw)).toThrow('points.A.type')
})

it.each(Object.entries(JSON_SCHEMAS))(
  'tells editors the same in schema/%s (otherwise run make-schemas.ts)',
  (name, schema) => {
    expect(readFileSync(new URL(`../schema/${name}`, import.meta.url), 'utf8')).toBe(schemaText(schema))
  },
)

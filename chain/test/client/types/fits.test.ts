import { describe, expect, it } from 'vitest'
import { fieldsFit, type Use } from '../../../src/client/types/fits.ts'
import type { Fields, NamedShape } from '../../../src/client/types/shape.ts'

const KNOWN: Record<string, NamedShape> = {
  Reason: ['cap', 'debt'],
  Site: { zone: 'u32', gateway: 'bytes32?' },
  Way: { oneOf: { here: { value: 'u32' }, there: {} } },
  Tree: { leaves: 'Tree[]', at: 'u8' },
}
const known: Fields = { id: 'bytes32', site: 'Site', reasons: 'Reason[]', way: 'Way?', pair: ['u32', 'Tree'] }

/** What a later runtime might have made of it; `true` where a program of before goes on with it. */
const rows: [what: string, fields: Fields, types: Record<string, NamedShape>, read: boolean, write: boolean][] = [
  ['the same', known, {}, true, true],
  ['fields in another order', Object.fromEntries(Object.entries(known).reverse()), {}, true, true],
  ['a new field', { ...known, more: 'u8' }, {}, true, false],
  ['a new field further in', known, { Site: { zone: 'u32', gateway: 'bytes32?', cap: 'u32' } }, true, false],
  ['a field less', { id: 'bytes32', site: 'Site', reasons: 'Reason[]', way: 'Way?' }, {}, false, false],
  ['a field of another type', { ...known, id: 'bytes16' }, {}, false, false],
  ['a wider figure further in', known, { Tree: { leaves: 'Tree[]', at: 'u32' } }, false, false],
  ['an option that was none', { ...known, id: 'bytes32?' }, {}, false, false],
  ['a list instead of an option', { ...known, way: 'Way[]' }, {}, false, false],
  ['a longer tuple', { ...known, pair: ['u32', 'Tree', 'u8'] }, {}, false, false],
  ['a new variant', known, { Reason: ['cap', 'debt', 'late'] }, true, true],
  ['a variant less', known, { Reason: ['cap'] }, true, false],
  ['a variant with other data', known, { Way: { oneOf: { here: { value: 'u64' }, there: {} } } }, false, false],
  ['a variant with data that had none', known, { Reason: { oneOf: { cap: { by: 'u8' } } } }, false, false],
  ['a struct under another name', { ...known, site: 'Place' }, { Place: KNOWN.Site as NamedShape }, true, true],
  ['bytes instead of a struct', { ...known, site: 'bytes' }, {}, false, false],
]

describe('a runtime with', () => {
  it.each(rows)('%s', (_, fields, types, read, write) => {
    const said = (use: Use) => fieldsFit(known, fields, { known: KNOWN, found: { ...KNOWN, ...types } }, use)
    expect({ read: said('read'), write: said('write') }).toEqual({ read, write })
  })
})

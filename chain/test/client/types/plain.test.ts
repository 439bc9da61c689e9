import { TypeRegistry } from '@polkadot/types'
import type { MetadataLatest } from '@polkadot/types/interfaces'
import type { Codec } from '@polkadot/types/types'
import { stringCamelCase } from '@polkadot/util'
import { beforeAll, describe, expect, it } from 'vitest'
import { compiledMetadata } from '../../../generate-types.ts'
import { describe as describeRuntime } from '../../../src/client/types/describe.ts'
import { decode, decodeFields, encodable, encodableFields } from '../../../src/client/types/plain.ts'
import type { Description, Fields, NamedShape, Shape } from '../../../src/client/types/shape.ts'

const HEX = 'ab'.repeat(32)
const NAMED: Record<string, NamedShape> = {
  Kind: ['spot', 'gate-closed'],
  Pair: { first: 'u32', size: 'bool?' },
  Origin: { oneOf: { id: { value: 'bytes32' }, both: { value: ['u8', 'bool'] }, none: {}, named: { amount: 'u128' } } },
}
const registry = new TypeRegistry()
registry.register({
  Kind: { _enum: ['Spot', 'GateClosed'] },
  Pair: { first: 'u32', size: 'Option<bool>' },
  Amount: { amount: 'u128' },
  Origin: { _enum: { Id: '[u8; 32]', Both: '(u8, bool)', None: 'Null', Named: 'Amount' } },
})

describe('a codec’s value in plain JavaScript', () => {
  const rows: [shape: Shape, codec: string, plain: unknown][] = [
    ['u32', 'u32', 0xffff_ffff],
    ['u64', 'Compact<u64>', Number.MAX_SAFE_INTEGER],
    ['i64', 'i64', -5],
    ['u128', 'u128', 2n ** 127n],
    ['bool', 'bool', true],
    ['text', 'Text', 'Wh'],
    ['unit', 'Null', undefined],
    ['bytes', 'Bytes', ''],
    ['bytes', 'Bytes', '0001ff'],
    ['bytes32', 'AccountId', HEX],
    ['bytes64', '[u8; 64]', HEX + HEX],
    ['bytes32?', 'Option<[u8; 32]>', HEX],
    ['bytes32?', 'Option<[u8; 32]>', undefined],
    ['bool?', 'Option<bool>', false],
    ['u16[]', 'Vec<u16>', [1, 2]],
    ['u8?[]', 'Vec<Option<u8>>', [1, undefined]],
    [['u32', 'u32'], '[u32; 2]', [1, 2]],
    [['u32', ['bool', 'bytes2']], '(u32, (bool, [u8; 2]))', [7, [true, 'beef']]],
    [{ option: ['u32', 'bool'] }, 'Option<(u32, bool)>', [7, true]],
    [{ list: ['u32', 'bool'] }, 'Vec<(u32, bool)>', [[7, true]]],
    ['Kind', 'Kind', 'gate-closed'],
    ['Pair', 'Pair', { first: 1, size: true }],
    ['Pair[]', 'Vec<Pair>', [{ first: 1, size: undefined }]],
    ['Origin', 'Origin', { type: 'id', value: HEX }],
    ['Origin', 'Origin', { type: 'both', value: [3, true] }],
    ['Origin', 'Origin', { type: 'none' }],
    ['Origin', 'Origin', { type: 'named', amount: 5n }],
  ]
  it.each(rows)('of %j, there and back', (shape, type, plain) => {
    const codec = registry.createType(type, encodable(shape, plain, NAMED))
    expect(decode(shape, codec, NAMED)).toEqual(plain)
    // and the bytes are those of the plain value
    expect(registry.createType(type, codec.toU8a()).toHex()).toBe(codec.toHex())
  })

  it('is never a figure that lost digits', () => {
    expect(() => decode('u64', registry.createType('u64', 2n ** 60n), NAMED)).toThrow('safe integer')
  })

  it('is not made of less than all fields: the API would put zeros there', () => {
    expect(() => encodable('Pair', { size: true }, NAMED)).toThrow('nothing is given')
  })
})

/** Their first variant is none of this runtime's, so the API's default of them cannot be read. */
const NO_DEFAULT = /^RuntimeHoldReason$|^RuntimeFreezeReason$/

describe('every type of the compiled runtime', () => {
  let metadata: MetadataLatest
  let all: Description
  beforeAll(async () => {
    metadata = await compiledMetadata()
    const pallets = metadata.pallets.map(({ name }) => stringCamelCase(name))
    all = describeRuntime(metadata, { pallets, storage: [] })
  })

  it('in calls and events can be read, and written as it was', () => {
    const { lookup, pallets, registry: own } = metadata
    const seen: string[] = []
    for (const pallet of pallets) {
      for (const [part, record] of [
        [pallet.calls, all.calls],
        [pallet.events, all.events],
      ] as const) {
        const variants = part.isNone ? [] : lookup.getSiType(part.unwrap().type).def.asVariant.variants
        for (const { name, fields } of variants) {
          const spelled = record === all.calls ? stringCamelCase(name) : name.toString()
          const shapes = record[`${stringCamelCase(pallet.name)}.${spelled}`] as Fields
          if (Object.values(shapes).some((shape) => NO_DEFAULT.test(String(shape)))) continue
          const types = fields.map(({ type }) => own.createLookupType(type))
          // what the API makes of nothing: zeros, first variants, empty lists
          const codecs: Codec[] = types.map((type) => own.createType(type))
          const plain = decodeFields(shapes, codecs, all.types)
          const again = encodableFields(shapes, plain, all.types).map((value, at) =>
            own.createType(`${types[at]}`, value),
          )
          expect(again.map((codec) => codec.toHex())).toEqual(codecs.map((codec) => codec.toHex()))
          seen.push(spelled)
        }
      }
    }
    expect(seen.length).toBeGreaterThan(60)
  })
})

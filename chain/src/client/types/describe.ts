import type { MetadataLatest, PalletMetadataLatest, SiField, SiLookupTypeId, SiType } from '@polkadot/types/interfaces'
import type { PortableRegistry } from '@polkadot/types/metadata'
import { stringCamelCase } from '@polkadot/util'
import { Fault } from '@wattfleet/protocol'
import { type Description, type Fields, kebab, type NamedShape, type Shape, type StorageShape } from './shape.ts'

/** What of a runtime is described: some pallets whole, and single storage items of others. Texts as in the metadata. */
export interface Selection {
  readonly pallets: readonly string[]
  readonly storage: readonly string[]
}

/** What is not looked into: any call, event or origin of the whole runtime. */
const OPAQUE = new Set(['RuntimeCall', 'RuntimeEvent', 'OriginCaller'])
/** A fixed array of so few is a tuple. */
const MAX_TUPLE = 4

const wrap = (shape: Shape, suffix: '?' | '[]'): Shape => {
  if (typeof shape === 'string') return `${shape}${suffix}`
  return suffix === '?' ? { option: shape } : { list: shape }
}

/** Reads shapes out of one runtime's types. Named types are gathered in `named` as they are met. */
class ShapeReader {
  readonly named: Record<string, NamedShape> = {}
  #lookup: PortableRegistry
  #names = new Map<number, string>()

  constructor(lookup: PortableRegistry) {
    this.#lookup = lookup
  }

  shapeOf(id: SiLookupTypeId): Shape {
    const type = this.#lookup.getSiType(id)
    const { def } = type
    if (def.isPrimitive) return primitive(def.asPrimitive.type)
    if (def.isCompact) return this.shapeOf(def.asCompact.type)
    if (def.isSequence) return this.#list(def.asSequence.type)
    if (def.isArray) return this.#list(def.asArray.type, def.asArray.len.toNumber())
    if (def.isTuple) return def.asTuple.length === 0 ? 'unit' : def.asTuple.map((one) => this.shapeOf(one))
    if (def.isBitSequence) return 'bytes'
    return this.#structured(id, type)
  }

  fieldsOf(fields: readonly SiField[]): Fields {
    if (fields.length === 0) return {}
    if (fields.every(({ name }) => name.isSome)) {
      const named = fields.map(({ name, type }) => [stringCamelCase(name.unwrap()), this.shapeOf(type)])
      return Object.fromEntries(named)
    }
    const shapes = fields.map(({ type }) => this.shapeOf(type))
    return { value: shapes.length === 1 ? (shapes[0] as Shape) : shapes }
  }

  #list(of: SiLookupTypeId, length?: number): Shape {
    const shape = this.shapeOf(of)
    if (shape === 'u8') return length === undefined ? 'bytes' : `bytes${length}`
    return length !== undefined && length <= MAX_TUPLE ? Array(length).fill(shape) : wrap(shape, '[]')
  }

  #structured(id: SiLookupTypeId, { def, path }: SiType): Shape {
    const name = path.at(-1)?.toString() ?? ''
    if (OPAQUE.has(name)) return 'unknown'
    if (def.isComposite) {
      const { fields } = def.asComposite
      const [only] = fields
      if (only === undefined) return 'unit'
      // a wrapper around one type is that type: accounts, hashes, bounded lists, maps as lists of pairs
      if (only.name.isNone && fields.length === 1) return this.shapeOf(only.type)
      if (only.name.isNone) return fields.map(({ type }) => this.shapeOf(type))
      return this.#name(id, path, () => this.fieldsOf(fields))
    }
    const { variants } = def.asVariant
    // of a type without variants there is no value
    if (variants.length === 0) return 'unit'
    if (name === 'Option') return wrap(this.fieldsOf(variants[1]?.fields ?? []).value ?? 'unit', '?')
    if (variants.every(({ fields }) => fields.length === 0)) {
      return this.#name(id, path, () => variants.map((one) => kebab(one.name.toString())))
    }
    return this.#name(id, path, () => {
      const oneOf = variants.map((one) => [kebab(one.name.toString()), this.fieldsOf(one.fields)])
      return { oneOf: Object.fromEntries(oneOf) }
    })
  }

  /** Two types of one name get the name of their crate before it, then a number behind it. */
  #name(id: SiLookupTypeId, path: SiType['path'], read: () => NamedShape): string {
    const known = this.#names.get(id.toNumber())
    if (known !== undefined) return known
    const crate = stringCamelCase(String(path[0]).replace(/^pallet_(wattfleet_)?/, ''))
    const long = crate.charAt(0).toUpperCase() + crate.slice(1) + String(path.at(-1))
    const candidates = [String(path.at(-1)), long, ...[2, 3, 4, 5, 6, 7, 8, 9].map((number) => `${long}${number}`)]
    const name = candidates.find((one) => !(one in this.named))
    if (name === undefined) throw new Fault('chain', `too many types are called ${path.at(-1)}`)
    this.#names.set(id.toNumber(), name)
    // taken before it is read: a type may hold itself
    this.named[name] = {}
    this.named[name] = read()
    return name
  }
}

function primitive(type: string): Shape {
  if (type === 'Str' || type === 'Char') return 'text'
  return type.toLowerCase()
}

function storageOf(reader: ShapeReader, pallet: PalletMetadataLatest, wanted: (name: string) => boolean) {
  const items = pallet.storage.isSome ? pallet.storage.unwrap().items : []
  return items.flatMap((item): [string, StorageShape][] => {
    const name = `${stringCamelCase(pallet.name)}.${stringCamelCase(item.name)}`
    if (!wanted(name)) return []
    const held = (id: SiLookupTypeId) => {
      const shape = reader.shapeOf(id)
      return item.modifier.isOptional ? wrap(shape, '?') : shape
    }
    if (item.type.isPlain) return [[name, { keys: [], value: held(item.type.asPlain) }]]
    const { hashers, key, value } = item.type.asMap
    const keys = reader.shapeOf(key)
    return [[name, { keys: hashers.length === 1 ? [keys] : (keys as readonly Shape[]), value: held(value) }]]
  })
}

function variantsOf(
  reader: ShapeReader,
  lookup: PortableRegistry,
  id: SiLookupTypeId,
  nameOf: (variant: string) => string,
): [string, Fields][] {
  const { variants } = lookup.getSiType(id).def.asVariant
  return variants.map((variant) => [nameOf(variant.name.toString()), reader.fieldsOf(variant.fields)])
}

/** What a runtime's metadata says of the selected pallets, in the order of the metadata. */
export function describe({ pallets, lookup }: MetadataLatest, selection: Selection): Description {
  const reader = new ShapeReader(lookup)
  const calls: [string, Fields][] = []
  const events: [string, Fields][] = []
  const storage: [string, StorageShape][] = []
  const constants: [string, Shape][] = []
  const errors: [string, string[]][] = []
  for (const pallet of pallets) {
    const section = stringCamelCase(pallet.name)
    const isWhole = selection.pallets.includes(section)
    storage.push(...storageOf(reader, pallet, (name) => isWhole || selection.storage.includes(name)))
    if (!isWhole) continue
    const call = (name: string) => `${section}.${stringCamelCase(name)}`
    if (pallet.calls.isSome) calls.push(...variantsOf(reader, lookup, pallet.calls.unwrap().type, call))
    const event = (name: string) => `${section}.${name}`
    if (pallet.events.isSome) events.push(...variantsOf(reader, lookup, pallet.events.unwrap().type, event))
    for (const { name, type } of pallet.constants) {
      constants.push([`${section}.${stringCamelCase(name)}`, reader.shapeOf(type)])
    }
    if (pallet.errors.isNone) continue
    const { variants } = lookup.getSiType(pallet.errors.unwrap().type).def.asVariant
    errors.push([section, variants.map(({ name }) => name.toString())])
  }
  const record = <T>(entries: readonly (readonly [string, T])[]) => Object.fromEntries(entries) as Record<string, T>
  return {
    types: reader.named,
    calls: record(calls),
    events: record(events),
    storage: record(storage),
    constants: record(constants),
    errors: record(errors),
  }
}

import type { Codec } from '@polkadot/types/types'
import { Fault, invariant } from '@wattfleet/protocol'
import { type Fields, isOneOf, kebab, type NamedShape, pascal, type Shape, unwrapped } from './shape.ts'

type NamedShapes = Readonly<Record<string, NamedShape>>
/** What the API makes of options and enumerations. */
type OptionCodec = Codec & { readonly isNone: boolean; unwrap(): Codec }
type EnumCodec = Codec & { readonly type: string; readonly inner: Codec }

const INTEGER = /^[ui](8|16|32|64)$/
const WIDE_INTEGER = /^[ui](128|256)$/

function integer(value: Codec): number {
  const wide = BigInt(value.toString())
  invariant(BigInt(Number(wide)) === wide && Number.isSafeInteger(Number(wide)), 'the figure fits a safe integer')
  return Number(wide)
}

/** Lower-case hex without 0x of the bytes that a codec holds. */
const hexOf = (value: Codec) => Buffer.from(value.toU8a(true)).toString('hex')

/** Parts of a struct, a tuple or a list, in their order. */
const partsOf = (value: Codec) => [...(value as Codec & { values(): Iterable<Codec> }).values()]

function leaf(shape: string, value: Codec): unknown {
  if (INTEGER.test(shape)) return integer(value)
  if (WIDE_INTEGER.test(shape)) return BigInt(value.toString())
  if (shape.startsWith('bytes')) return hexOf(value)
  if (shape === 'bool') return value.toPrimitive() === true
  if (shape === 'text') return value.toString()
  return shape === 'unit' ? undefined : value.toHex().slice(2)
}

/** A codec's value in plain JavaScript. `named` are the types of the runtime that encoded it. */
export function decode(shape: Shape, value: Codec, named: NamedShapes): unknown {
  const wrapping = unwrapped(shape)
  if (wrapping?.wrap === 'list') return partsOf(value).map((part) => decode(wrapping.of, part, named))
  if (wrapping !== undefined) {
    const option = value as OptionCodec
    return option.isNone ? undefined : decode(wrapping.of, option.unwrap(), named)
  }
  if (typeof shape !== 'string') {
    const parts = partsOf(value)
    return (shape as readonly Shape[]).map((part, at) => decode(part, parts[at] as Codec, named))
  }
  const type = named[shape]
  if (type === undefined) return leaf(shape, value)
  if (Array.isArray(type)) return kebab((value as EnumCodec).type)
  if (!isOneOf(type)) return decodeFields(type as Fields, partsOf(value), named)
  const { type: variant, inner } = value as EnumCodec
  const fields = type.oneOf[kebab(variant)]
  if (fields === undefined) throw new Fault('chain', `${shape} has no variant ${variant}`)
  return { type: kebab(variant), ...decodeVariant(fields, inner, named) }
}

/** The API holds one unnamed field of a variant as itself, named ones as a struct. */
function decodeVariant(fields: Fields, inner: Codec, named: NamedShapes): object {
  const names = Object.keys(fields)
  if (names.length === 0) return {}
  if (names.length === 1 && names[0] === 'value') return { value: decode(fields.value as Shape, inner, named) }
  return decodeFields(fields, partsOf(inner), named)
}

export function decodeFields(fields: Fields, parts: readonly Codec[], named: NamedShapes): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, shape], at) => [name, decode(shape, parts[at] as Codec, named)])
  return Object.fromEntries(entries)
}

/** What the API encodes as this shape, made of plain JavaScript. Throws Fault `chain` where a field is missing. */
export function encodable(shape: Shape, value: unknown, named: NamedShapes): unknown {
  const wrapping = unwrapped(shape)
  if (wrapping?.wrap === 'list') {
    return (value as readonly unknown[]).map((part) => encodable(wrapping.of, part, named))
  }
  if (wrapping !== undefined) return value === undefined ? null : encodable(wrapping.of, value, named)
  if (value === undefined && shape !== 'unit') throw new Fault('chain', `nothing is given for ${JSON.stringify(shape)}`)
  if (typeof shape !== 'string') {
    return (shape as readonly Shape[]).map((part, at) => encodable(part, (value as readonly unknown[])[at], named))
  }
  const type = named[shape]
  if (type === undefined) return shape.startsWith('bytes') || shape === 'unknown' ? `0x${value}` : (value ?? null)
  if (Array.isArray(type)) return pascal(String(value))
  if (!isOneOf(type)) return encodableFields(type as Fields, value as object, named)
  const { type: variant, ...rest } = value as { readonly type: string }
  const fields = type.oneOf[variant]
  if (fields === undefined) throw new Fault('chain', `${shape} has no variant ${variant}`)
  const names = Object.keys(fields)
  const parts = encodableFields(fields, rest, named)
  // as one codec holds it: the value itself where it has no name
  return {
    [pascal(variant)]: names.length === 1 && names[0] === 'value' ? parts[0] : names.length === 0 ? null : parts,
  }
}

/** By place: the API gives some names of fields a different spelling. */
export function encodableFields(fields: Fields, value: object, named: NamedShapes): unknown[] {
  return Object.entries(fields).map(([name, shape]) =>
    encodable(shape, (value as Record<string, unknown>)[name], named),
  )
}

/*
 * What a type of the runtime looks like in plain JavaScript, written so that both a program and TypeScript can read it:
 *   'u8' … 'u64', 'i8' … 'i64'   number, always a safe integer      'bool'      boolean
 *   'u128', 'u256', 'i128' …     bigint                             'text'      string
 *   'bytes', 'bytes32'           lower-case hex without 0x          'unit'      undefined
 *   'T?' or { option: T }        T or undefined                     'unknown'   the hex of what is not looked into
 *   'T[]' or { list: T }         a list of T                        [A, B]      a tuple
 *   any other text               the named type of that name
 */
export type Shape = string | readonly Shape[] | { readonly option: Shape } | { readonly list: Shape }

export type Fields = Readonly<Record<string, Shape>>

/**
 * A named type: variants without data are texts ('gate-closed'), variants with data objects that say which they are in
 * `type` and carry what has no name as `value`; anything else is a struct.
 */
export type NamedShape = readonly string[] | { readonly oneOf: Readonly<Record<string, Fields>> } | Fields

export interface StorageShape {
  readonly keys: readonly Shape[]
  /** An option where the runtime keeps nothing for what was never set; without, it has a default. */
  readonly value: Shape
}

/** Calls are named `registry.setSite`, events `registry.SiteSet`, storage items and constants `registry.sites`. */
export interface Description {
  readonly types: Readonly<Record<string, NamedShape>>
  readonly calls: Readonly<Record<string, Fields>>
  readonly events: Readonly<Record<string, Fields>>
  readonly storage: Readonly<Record<string, StorageShape>>
  readonly constants: Fields
  /** By pallet. */
  readonly errors: Readonly<Record<string, readonly string[]>>
}

export const isOneOf = (named: NamedShape): named is { readonly oneOf: Readonly<Record<string, Fields>> } =>
  !Array.isArray(named) && typeof (named as { oneOf?: unknown }).oneOf === 'object'

type Integer = 'u8' | 'u16' | 'u32' | 'u64' | 'i8' | 'i16' | 'i32' | 'i64'
type WideInteger = 'u128' | 'u256' | 'i128' | 'i256'

interface Leaves {
  bool: boolean
  text: string
  bytes: string
  unit: undefined
}

type Leaf<S> = S extends keyof Leaves
  ? Leaves[S]
  : S extends Integer
    ? number
    : S extends WideInteger
      ? bigint
      : S extends `bytes${number}`
        ? string
        : unknown

/** The TypeScript of a shape, given that of the named types. */
export type Plain<S, Named> = S extends keyof Named
  ? Named[S]
  : S extends string
    ? S extends `${infer T}?`
      ? Plain<T, Named> | undefined
      : S extends `${infer T}[]`
        ? readonly Plain<T, Named>[]
        : Leaf<S>
    : S extends { readonly option: infer T }
      ? Plain<T, Named> | undefined
      : S extends { readonly list: infer T }
        ? readonly Plain<T, Named>[]
        : { readonly [I in keyof S]: Plain<S[I], Named> }

export type PlainNamed<T, Named> = T extends readonly string[]
  ? T[number]
  : T extends { readonly oneOf: infer V }
    ? { [K in keyof V]: { readonly type: K } & PlainFields<V[K], Named> }[keyof V]
    : PlainFields<T, Named>

export type PlainFields<T, Named> = { readonly [K in keyof T]: Plain<T[K], Named> }

/** A shape without its outermost wrapping, where it has one. */
export function unwrapped(shape: Shape): { readonly wrap: 'option' | 'list'; readonly of: Shape } | undefined {
  if (typeof shape === 'string') {
    if (shape.endsWith('?')) return { wrap: 'option', of: shape.slice(0, -1) }
    return shape.endsWith('[]') ? { wrap: 'list', of: shape.slice(0, -2) } : undefined
  }
  if ('option' in shape) return { wrap: 'option', of: shape.option }
  return 'list' in shape ? { wrap: 'list', of: shape.list } : undefined
}

/** `GateClosed` → `gate-closed`, as the project writes what is one of a set. */
export function kebab(name: string): string {
  return name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase()
}

/** `gate-closed` → `GateClosed`, as the runtime's source has it. */
export function pascal(name: string): string {
  return name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

import { type Point, type PointTable, wordsOf } from '../core/points.ts'

/*
 * SunSpec's information models as data: what each of their types is on the wire, and how a model with repeating groups
 * becomes one table of points.
 */

const ones = (words: number): bigint => (1n << BigInt(16 * words)) - 1n
const topBit = (words: number): bigint => 1n << BigInt(16 * words - 1)

const signed = (as: 's16' | 's32' | 's64') => ({ as, notAvailable: [topBit(wordsOf({ as }))] })
const unsigned = (as: 'u16' | 'u32' | 'u64') => ({ as, notAvailable: [ones(wordsOf({ as }))] })
/** An accumulator that is not implemented reads 0. */
const accumulator = (as: 'u16' | 'u32' | 'u64') => ({ as, notAvailable: [0n] })
/** Without the top bit; devices of before that rule show all ones. */
const bitField = (as: 'u16' | 'u32' | 'u64') => ({ as, notAvailable: [ones(wordsOf({ as })), topBit(wordsOf({ as }))] })

/** SunSpec's types and their "not implemented" bits: SunSpec Device Information Model Specification 1.2, section 4.2. */
export const SUNSPEC_TYPES = {
  int16: signed('s16'),
  int32: signed('s32'),
  int64: signed('s64'),
  uint16: unsigned('u16'),
  uint32: unsigned('u32'),
  uint64: unsigned('u64'),
  count: unsigned('u16'),
  enum16: unsigned('u16'),
  enum32: unsigned('u32'),
  acc16: accumulator('u16'),
  acc32: accumulator('u32'),
  acc64: accumulator('u64'),
  bitfield16: bitField('u16'),
  bitfield32: bitField('u32'),
  bitfield64: bitField('u64'),
  ipaddr: accumulator('u32'),
  sunssf: signed('s16'),
  float32: { as: 'f32' },
  float64: { as: 'f64' },
  string: { as: 'string' },
} as const satisfies Record<string, Pick<Point, 'as' | 'notAvailable'>>

export type SunSpecType = keyof typeof SUNSPEC_TYPES

/** A point of a published model. Its address counts from the model's id register, or from the start of its group. */
export interface SunSpecPoint {
  readonly at: number
  readonly type: SunSpecType
  /** Registers of a string. */
  readonly words?: number | undefined
  readonly unit?: string | undefined
  /** The point that holds the power of ten, in this group or one around it; or the power itself. */
  readonly sf?: string | number | undefined
  /** What codes, or bits, mean. */
  readonly symbols?: Readonly<Record<string, string>> | undefined
  readonly writable?: boolean | undefined
}

export interface SunSpecGroup {
  readonly name: string
  /**
   * The point that says how often it is there, or how often that is; 0: as often as the model's length has room for. Without
   * it once, and its points are called by its name alone (SunSpec Device Information Model Specification, a group’s "count").
   */
  readonly count?: string | number | undefined
  /** Registers of its own points, without the groups in it. */
  readonly length: number
  readonly points: Readonly<Record<string, SunSpecPoint>>
  readonly groups?: readonly SunSpecGroup[] | undefined
}

export interface SunSpecModel extends SunSpecGroup {
  readonly id: number
  readonly label: string
}

/** Where a SunSpec model was found, and the length that the device states: without id and length themselves. */
export interface ModelAt {
  readonly id: number
  readonly at: number
  readonly length: number
}

/** No published model has more points than this once its groups are laid out; a count beyond it is a broken device. */
const MOST_POINTS = 4_000

interface Laid {
  readonly points: Record<string, Point>
  count: number
}

/** A scale factor's full name as seen from a group: its own, else the next around it. */
function factorName(factor: string, scopes: readonly { readonly prefix: string; readonly group: SunSpecGroup }[]) {
  const scope = scopes.findLast(({ group }) => group.points[factor] !== undefined)
  return scope && `${scope.prefix}${factor}`
}

function pointOf(
  { at, type, words, unit, sf, symbols }: SunSpecPoint,
  base: number,
  factor: string | undefined,
): Point {
  const isBits = type.startsWith('bitfield')
  const { as, ...rest } = SUNSPEC_TYPES[type] as Pick<Point, 'as' | 'notAvailable'>
  return {
    at: base + at,
    as,
    ...rest,
    ...(words !== undefined && { words }),
    ...(unit !== undefined && { unit }),
    ...(factor !== undefined && { scaleFactor: factor }),
    ...(typeof sf === 'number' && { scale: 10 ** sf }),
    ...(symbols !== undefined && (isBits ? { bits: symbols } : { states: symbols })),
  }
}

/** How often a group is there; undefined: as often as there is room. */
function timesOf({ count }: SunSpecGroup, countOf: (point: string) => number | undefined): number | undefined {
  if (count === 0) return undefined
  return typeof count === 'string' ? (countOf(count) ?? 0) : (count ?? 1)
}

/**
 * Registers of a group, or of a model with its id and length, together with the groups in it. `uncounted`: how often groups
 * are there that only the model's length counts.
 */
export function laidLength(group: SunSpecGroup, countOf: (point: string) => number | undefined, uncounted = 0): number {
  const parts = group.groups ?? []
  return parts.reduce(
    (sum, part) => sum + (timesOf(part, countOf) ?? uncounted) * laidLength(part, countOf, uncounted),
    group.length,
  )
}

/**
 * A model as one table, its groups laid out one after the other: `module1.DCW`, `Crv2.Pt1.V`, `PFWInj.PF`. `length` is what
 * the device states; `countOf` yields what a counting point of the fixed part holds. Points that lie beyond the stated length are left
 * out, as older devices list shorter models.
 */
export function layOut(
  model: SunSpecModel,
  length: number,
  countOf: (point: string) => number | undefined,
): PointTable {
  const laid: Laid = { points: {}, count: 0 }
  const limit = length + 2
  const put = (
    group: SunSpecGroup,
    prefix: string,
    base: number,
    scopes: { prefix: string; group: SunSpecGroup }[],
  ) => {
    const inner = [...scopes, { prefix, group }]
    for (const [name, point] of Object.entries(group.points)) {
      const factor = typeof point.sf === 'string' ? factorName(point.sf, inner) : undefined
      const made = pointOf(point, base, factor)
      if (made.at + wordsOf(made) > limit || laid.count >= MOST_POINTS) continue
      laid.points[`${prefix}${name}`] = made
      laid.count++
    }
    let end = base + group.length
    for (const part of group.groups ?? []) {
      const times = timesOf(part, countOf)
      const named = (i: number) => (part.count === undefined ? part.name : `${part.name}${i + 1}`)
      for (let i = 0; times === undefined ? end + part.length <= limit : i < times; i++) {
        if (end >= limit || laid.count >= MOST_POINTS || part.length === 0) break
        end = put(part, `${prefix}${named(i)}.`, end, inner)
      }
    }
    return end
  }
  put(model, '', 0, [])
  return laid.points
}

import { encodeImage, lengthOf, type Point, type PointTable, type PointValues, wordsOf } from '@wattfleet/devices'

/** A run of registers that a device has at one moment. */
export interface Registers {
  readonly kind: 'input' | 'holding'
  /** Address of the first. */
  readonly at: number
  readonly words: Uint16Array
}

/** Points of a device that stand together: a whole device model, or one of the models that a SunSpec device lists. */
export interface Part {
  readonly kind: Registers['kind']
  /** Address of the register that the table counts from. */
  readonly at: number
  /** None of its points says its kind: the part does. */
  readonly table: PointTable
  /** Registers from `at` on. */
  readonly length: number
  /** Put before the names of the table's points, such as `103.`. */
  readonly prefix?: string
  /** Whether registers between its points can be read; else each run of points stands alone. */
  readonly holes: 'readable' | 'rejected'
}

/** Registers that may be written. */
export interface Writable {
  readonly at: number
  readonly count: number
}

/** A device: its unit id, what its registers are, and how it behaves. */
export interface WireDevice {
  /** By which faults and the control endpoint name it. */
  readonly name: string
  readonly unitId: number
  readonly parts: readonly Part[]
  /**
   * The value of every point at this moment, by full name, in the points' units; a point that is left out is "not
   * available". `clockMs` is what the device's own clock shows. Taken once for each request, so that one answer is one moment.
   */
  readonly values: (clockMs: number) => PointValues
  /** Holding registers that may be written; without any, functions 6 and 16 are not the device's. */
  readonly writable?: readonly Writable[]
  /** Most registers that it answers in one request; without it the protocol's limit. */
  readonly maxRegisters?: number
  /** From a request's end to its answer's beginning, beside the gap between frames. */
  readonly turnaroundMs?: number
}

/** A point with its address on the wire. */
export interface PlacedPoint {
  readonly kind: Registers['kind']
  readonly at: number
  readonly words: number
  readonly point: Point
}

/** Every point of a device by its full name. */
export function pointsOf(device: Pick<WireDevice, 'parts'>): Map<string, PlacedPoint> {
  const placed = new Map<string, PlacedPoint>()
  for (const { kind, at, table, prefix = '' } of device.parts) {
    for (const [name, point] of Object.entries(table)) {
      placed.set(`${prefix}${name}`, { kind, at: at + point.at, words: wordsOf(point), point })
    }
  }
  return placed
}

/** The points of a device as the control endpoint lists them. */
export function listOf(device: Pick<WireDevice, 'parts'>): object[] {
  return [...pointsOf(device)].map(
    ([
      name,
      {
        kind,
        at,
        point: { unit },
      },
    ]) => ({
      ...{ name, kind, at },
      ...(unit !== undefined && { unit }),
    }),
  )
}

/** A device model as parts of a device: one for each kind of register that it has. */
export function partsOf(model: {
  readonly kind: Registers['kind']
  readonly holes: Part['holes']
  readonly points: PointTable
}): Part[] {
  return (['input', 'holding'] as const).flatMap((kind) => {
    const own = Object.entries(model.points).filter(([, point]) => (point.kind ?? model.kind) === kind)
    if (own.length === 0) return []
    const at = Math.min(...own.map(([, point]) => point.at))
    const table = Object.fromEntries(
      own.map(([name, { kind: _, ...point }]) => [name, { ...point, at: point.at - at }] as const),
    )
    return [{ kind, at, table, length: lengthOf(table), holes: model.holes }]
  })
}

/** The values of a part under the names of its own table; a scale factor without a value is 0: counts are whole units. */
function ownValues({ table, prefix = '' }: Part, values: PointValues): PointValues {
  const own: Record<string, number | string | undefined> = {}
  for (const { scaleFactor } of Object.values(table)) if (scaleFactor !== undefined) own[scaleFactor] = 0
  for (const name of Object.keys(table)) own[name] = values[`${prefix}${name}`] ?? own[name]
  return own
}

/** The runs of registers that points take, where nothing between them can be read. */
function runsIn({ kind, at, table }: Part, words: Uint16Array): Registers[] {
  const sorted = Object.values(table).sort((a, b) => a.at - b.at)
  const runs: { from: number; to: number }[] = []
  for (const point of sorted) {
    const end = point.at + wordsOf(point)
    const last = runs.at(-1)
    if (last !== undefined && point.at <= last.to) last.to = Math.max(last.to, end)
    else runs.push({ from: point.at, to: end })
  }
  return runs.map(({ from, to }) => ({ kind, at: at + from, words: words.slice(from, to) }))
}

/** The registers that hold these values. Throws RangeError for a value that its point cannot hold. */
export function registersOf(parts: readonly Part[], values: PointValues): Registers[] {
  return parts.flatMap((part) => {
    const words = encodeImage(part.table, ownValues(part, values), part.length)
    return part.holes === 'readable' ? [{ kind: part.kind, at: part.at, words }] : runsIn(part, words)
  })
}

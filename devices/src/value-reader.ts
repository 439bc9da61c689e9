import type { Clock } from '@wattfleet/protocol'
import { type Decoded, decodeBits, decodeNumber, decodeText } from './core/decode.ts'
import type { Block } from './core/image.ts'
import { type DeviceModel, type Point, type PointTable, pointOf } from './core/points.ts'
import { good, missing } from './core/readings.ts'
import { blockReader } from './point-reader.ts'
import type { Measured, MissingReason, RegisterReader } from './ports.ts'

/** A number in the point's unit, a text, or the names of the bits that are set. */
export type AnyValue = number | string | readonly string[]

/** What one point of a device shows, of whatever type it is. */
export interface PointValue {
  readonly name: string
  readonly point: Point
  readonly measured: Measured<AnyValue>
  /** What the code of an enumeration means; absent for codes that the model does not list. */
  readonly state?: string
}

function decodeAny(table: PointTable, name: string, blocks: readonly Block[], base: number): Decoded<AnyValue> {
  const { as, bits } = pointOf(table, name)
  if (as === 'string') return decodeText(table, name, blocks, base)
  return bits === undefined ? decodeNumber(table, name, blocks, base) : decodeBits(table, name, blocks, base)
}

/** A point's value out of registers that were read; `unread` says why they were not, where they were not. */
export function pointValue(
  table: PointTable,
  name: string,
  blocks: readonly Block[],
  { base = 0, atMs, unread = 'unsupported' }: { base?: number; atMs: number; unread?: MissingReason | undefined },
): PointValue {
  const point = pointOf(table, name)
  const decoded = decodeAny(table, name, blocks, base)
  if (!decoded.ok) {
    return { name, point, measured: missing(decoded.reason === 'not-read' ? unread : decoded.reason, atMs) }
  }
  const state = typeof decoded.value === 'number' ? point.states?.[decoded.value] : undefined
  return { name, point, measured: good(decoded.value, atMs), ...(state !== undefined && { state }) }
}

/** Reads points of one device whatever they hold: numbers, texts, states and bits. */
export interface ValueReader {
  /** In the order they were asked for, each good or missing with its reason. Never rejects because of the device. */
  read(signal: AbortSignal): Promise<PointValue[]>
}

/** Reads these points of a device; what it refuses is remembered as long as the reader lives. */
export function valueReader(
  reader: RegisterReader,
  unitId: number,
  model: DeviceModel,
  names: readonly string[],
  clock: Clock,
): ValueReader {
  const readBlocks = blockReader(reader, unitId, model, names)
  return {
    async read(signal) {
      const { blocks, unread } = await readBlocks(signal)
      const atMs = clock.nowMs()
      return names.map((name) => pointValue(model.points, name, blocks, { atMs, unread }))
    },
  }
}

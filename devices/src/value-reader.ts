import { type Decoded, decodeBits, decodeNumber, decodeText } from './core/decode.ts'
import type { Block } from './core/image.ts'
import { type DeviceModel, type Point, type PointTable, pointOf } from './core/points.ts'
import { type Answers, measuredBy } from './core/readings.ts'
import { blockReader, type Steady } from './point-reader.ts'
import type { Measured, RegisterReader } from './ports.ts'

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

/** A point's value out of registers that were read. */
export function pointValue(table: PointTable, name: string, answers: Answers, base = 0): PointValue {
  const point = pointOf(table, name)
  const measured = measuredBy(decodeAny, table, name, answers, base)
  const isCode = measured.quality !== 'missing' && typeof measured.value === 'number'
  const state = isCode ? point.states?.[Number(measured.value)] : undefined
  return { name, point, measured, ...(state !== undefined && { state }) }
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
  clock: Steady,
): ValueReader {
  const readBlocks = blockReader(reader, unitId, model, names, clock)
  return {
    async read(signal) {
      const answers = { ...(await readBlocks(signal)), doneMs: clock.steadyMs() }
      return names.map((name) => pointValue(model.points, name, answers))
    },
  }
}

import type { PointValues } from '@wattfleet/devices'
import type { PlacedPoint, Registers } from '../wire/device.ts'
import type { ImageFault } from './ruling.ts'

/*
 * What the registers hold, changed. Faults of values are applied before the values become registers, swaps after.
 */

/** What was there when a fault first applied. */
export interface Memory {
  readonly values: PointValues
  /** What the device's clock showed. */
  readonly clockMs: number
}

type Points = ReadonlyMap<string, PlacedPoint>

/** What one count of a point is worth in its unit, as far as scale and scale factor say. */
function countWorth(name: string, values: PointValues, points: Points): number {
  const point = points.get(name)?.point
  if (point === undefined) return 1
  // a scale factor's name counts from the point's own table
  const prefix = name.includes('.') ? name.slice(0, name.indexOf('.') + 1) : ''
  const factor = point.scaleFactor === undefined ? 0 : values[`${prefix}${point.scaleFactor}`]
  return (point.scale ?? 1) * 10 ** (typeof factor === 'number' ? factor : 0)
}

function withPoint(values: PointValues, name: string, of: (value: number) => number): PointValues {
  const value = values[name]
  return typeof value === 'number' ? { ...values, [name]: of(value) } : values
}

/** Never below zero, as `%` would be. */
const modulo = (value: number, by: number): number => ((value % by) + by) % by

/** The values that a device shows under a fault; `memory` is of the moment at which it first applied. */
export function faultyValues(fault: ImageFault, values: PointValues, memory: Memory, points: Points): PointValues {
  switch (fault.kind) {
    case 'stuck':
      if (fault.points === undefined) return memory.values
      return { ...values, ...Object.fromEntries(fault.points.map((name) => [name, memory.values[name]])) }
    case 'counterReset': {
      const before = memory.values[fault.point]
      return withPoint(values, fault.point, (value) => fault.to + value - (typeof before === 'number' ? before : 0))
    }
    case 'counterJump':
      return withPoint(values, fault.point, (value) => value + fault.by)
    case 'counterRollover': {
      const worth = countWorth(fault.point, values, points)
      return withPoint(values, fault.point, (value) => modulo(value, 2 ** fault.bits * worth))
    }
    case 'notAvailable':
      return { ...values, ...Object.fromEntries(fault.points.map((name) => [name, undefined])) }
    default:
      return values
  }
}

const swapBytes = (word: number): number => ((word & 0xff) << 8) | (word >> 8)

/** The registers of some points, changed; every other stays. */
function changed(
  registers: readonly Registers[],
  points: readonly PlacedPoint[],
  change: (words: readonly number[]) => number[],
): Registers[] {
  return registers.map((run) => {
    const words = Uint16Array.from(run.words)
    for (const { kind, at, words: count } of points) {
      const from = at - run.at
      if (kind !== run.kind || from < 0 || from + count > words.length) continue
      words.set(change([...words.subarray(from, from + count)]), from)
    }
    return { ...run, words }
  })
}

/** The registers that a device shows under a fault. */
export function faultyRegisters(fault: ImageFault, registers: readonly Registers[], points: Points): Registers[] {
  if (fault.kind !== 'byteSwapped' && fault.kind !== 'wordSwapped') return [...registers]
  const own = fault.points.flatMap((name) => points.get(name) ?? [])
  return changed(registers, own, (words) =>
    fault.kind === 'byteSwapped' ? words.map(swapBytes) : [...words].reverse(),
  )
}

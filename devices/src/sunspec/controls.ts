import { Fault } from '@wattfleet/protocol'
import { decodeNumber } from '../core/decode.ts'
import { encodePoint } from '../core/encode.ts'
import type { Block } from '../core/image.ts'
import { lengthOf, type PointTable, pointOf } from '../core/points.ts'
import type { ModbusConnection, RegisterWrite } from '../ports.ts'
import { layOut, type ModelAt } from './model.ts'
import { knownSunSpec } from './models.ts'
import { walkModels } from './walk.ts'

/** What a device is asked to do. Percentages of its rated power, 0 to 100. */
export type SetPoint =
  /** Gives no more than this; undefined: as much as it can. Models 123 and 704. */
  | { readonly is: 'power-limit'; readonly percent: number | undefined }
  /**
   * What the battery does, model 124. `auto`: as the inverter decides. `hold`: neither charges nor discharges. From the
   * grid only where `fromGrid` says so.
   */
  | { readonly is: 'battery'; readonly mode: 'auto' | 'hold' }
  | { readonly is: 'battery'; readonly mode: 'charge'; readonly percent: number; readonly fromGrid?: boolean }
  | { readonly is: 'battery'; readonly mode: 'discharge'; readonly percent: number }

/**
 * How long a set-point may stand without being said again. A gateway that dies must not leave a house without its sun: the
 * device takes it back by itself.
 */
export const LONGEST_REVERT_S = 3_600

type Values = Readonly<Record<string, number>>

/** The points of a model that a set-point sets, in the order in which they are written; undefined for another model's. */
function pointsOf(id: number, setPoint: SetPoint, revertS: number): Values | undefined {
  if (setPoint.is === 'power-limit') {
    const { percent } = setPoint
    const isOn = percent === undefined ? 0 : 1
    // what it is limited to comes first: enabled in the same request, it never is by an old value
    if (id === 123) return { WMaxLimPct: percent ?? 100, WMaxLimPct_RvrtTms: revertS, WMaxLim_Ena: isOn }
    if (id !== 704) return undefined
    return { WMaxLimPct: percent ?? 100, WMaxLimPctEnaRvrt: 0, WMaxLimPctRvrtTms: revertS, WMaxLimPctEna: isOn }
  }
  if (id !== 124) return undefined
  // both limits in force hold the battery between them: charge at least so much is discharge at most the negative of it
  const held = { InOutWRte_RvrtTms: revertS, ChaGriSet: 0 }
  switch (setPoint.mode) {
    case 'auto':
      return { OutWRte: 100, InWRte: 100, ...held, StorCtl_Mod: 0 }
    case 'hold':
      return { OutWRte: 0, InWRte: 0, ...held, StorCtl_Mod: 3 }
    case 'charge':
      return {
        ...{ OutWRte: -setPoint.percent, InWRte: setPoint.percent, ...held },
        ...{ ChaGriSet: setPoint.fromGrid ? 1 : 0, StorCtl_Mod: 3 },
      }
    case 'discharge':
      return { OutWRte: setPoint.percent, InWRte: -setPoint.percent, ...held, StorCtl_Mod: 3 }
  }
}

function assertWithin(setPoint: SetPoint, revertS: number): void {
  const percent = 'percent' in setPoint ? setPoint.percent : undefined
  if (percent !== undefined && !(percent >= 0 && percent <= 100)) {
    throw new RangeError(`${percent} % is not between 0 and 100`)
  }
  if (!(Number.isInteger(revertS) && revertS >= 1 && revertS <= LONGEST_REVERT_S)) {
    throw new RangeError(`a set-point stands for 1 to ${LONGEST_REVERT_S} s, not ${revertS}`)
  }
}

/** A point's words with the scale factor that the device has now; undefined where it does not have the point. */
function wordsFor(table: PointTable, name: string, value: number, blocks: readonly Block[], base: number) {
  const { at, scaleFactor } = pointOf(table, name)
  const factor = scaleFactor === undefined ? undefined : decodeNumber(table, scaleFactor, blocks, base)
  if (factor?.ok === false) return undefined
  const values = { [name]: value, ...(scaleFactor !== undefined && factor?.ok && { [scaleFactor]: factor.value }) }
  return { at: base + at, values: encodePoint(table, name, values) }
}

/**
 * The writes that set a set-point on a model that was just read: runs of adjoining registers go in one request, the switch
 * that puts it in force last. Undefined where the model does not know this set-point. Throws RangeError for one out of
 * bounds, Fault `device` where the device lacks a point of it.
 */
export function writesOf(
  { id, at, length }: ModelAt,
  unitId: number,
  blocks: readonly Block[],
  setPoint: SetPoint,
  revertS: number,
): RegisterWrite[] | undefined {
  assertWithin(setPoint, revertS)
  const wanted = pointsOf(id, setPoint, revertS)
  if (wanted === undefined) return undefined
  const table = layOut(knownSunSpec(id), length, () => undefined)
  const runs: { at: number; values: number[] }[] = []
  for (const [name, value] of Object.entries(wanted)) {
    const words = table[name] && wordsFor(table, name, value, blocks, at)
    if (words === undefined) throw new Fault('device', `unit ${unitId}: model ${id} has no ${name}`)
    const last = runs.at(-1)
    if (last !== undefined && last.at + last.values.length === words.at) last.values.push(...words.values)
    else runs.push({ ...words, values: [...words.values] })
  }
  return runs.map((run) => ({ unitId, ...run }))
}

/** A SunSpec device that may be told what to do. */
export interface Controls {
  /**
   * Sets it for so many seconds, and reads back what the device has then. Rejects with Fault `device` where it has none of
   * the models for it or shows other values after; with the line's faults; with RangeError for figures out of bounds.
   */
  set(setPoint: SetPoint, revertS: number, signal: AbortSignal): Promise<void>
}

/**
 * Controls of a SunSpec device. `isAllowed` is the operator's word: without it every set-point is refused, and nothing is
 * written.
 */
export function sunSpecControls(connection: ModbusConnection, unitId: number, isAllowed: boolean): Controls {
  const read = async ({ id, at, length }: ModelAt, signal: AbortSignal): Promise<Block> => {
    const count = Math.min(length + 2, lengthOf(layOut(knownSunSpec(id), length, () => undefined)))
    return { at, registers: await connection.readRegisters({ unitId, kind: 'holding', at, count }, signal) }
  }
  return {
    async set(setPoint, revertS, signal) {
      if (!isAllowed) throw new Fault('config', `unit ${unitId}: writing to this device is not allowed`)
      assertWithin(setPoint, revertS)
      for (const model of await walkModels(connection, unitId, signal)) {
        if (pointsOf(model.id, setPoint, revertS) === undefined) continue
        const writes = writesOf(model, unitId, [await read(model, signal)], setPoint, revertS) ?? []
        for (const write of writes) await connection.writeRegisters(write, signal)
        const { registers } = await read(model, signal)
        for (const { at, values } of writes) {
          const held = registers.slice(at - model.at, at - model.at + values.length)
          if (values.some((value, i) => held[i] !== value)) {
            const text = `unit ${unitId}: registers from ${at} hold ${held.join(' ')} after ${values.join(' ')} was written`
            throw new Fault('device', text)
          }
        }
        return
      }
      throw new Fault('device', `unit ${unitId}: has no model for a set-point of its ${setPoint.is}`)
    },
  }
}

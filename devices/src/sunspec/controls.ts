import { Fault } from '@wattfleet/protocol'
import type { Block } from '../core/image.ts'
import { lengthOf } from '../core/points.ts'
import { assertWithin, automaticOf, isAutomatic, LONGEST_REVERT_S, type SetPoint } from '../core/set-points.ts'
import { wordsFor } from '../core/writing.ts'
import type { Controls, ModbusConnection } from '../ports.ts'
import { type Step, undertake } from '../write-steps.ts'
import { layOut, type ModelAt } from './model.ts'
import { knownSunSpec } from './models.ts'
import { walkModels } from './walk.ts'

type Values = Readonly<Record<string, number>>

/**
 * The points of a model that a set-point sets, in the order in which they are written; undefined for another model's. The
 * timer comes first, so that nothing is ever in force without it; the figures come before what puts them in force, which
 * therefore never is an old one.
 */
function pointsOf(id: number, setPoint: SetPoint, revertS: number): Values | undefined {
  if (setPoint.is === 'power-limit') {
    const { percent } = setPoint
    const isOn = percent === undefined ? 0 : 1
    if (id === 123) return { WMaxLimPct_RvrtTms: revertS, WMaxLimPct: percent ?? 100, WMaxLim_Ena: isOn }
    if (id !== 704) return undefined
    return { WMaxLimPctEnaRvrt: 0, WMaxLimPctRvrtTms: revertS, WMaxLimPct: percent ?? 100, WMaxLimPctEna: isOn }
  }
  if (id !== 124) return undefined
  // both limits in force hold the battery between them: charge at least so much is discharge at most the negative of it
  const held = { InOutWRte_RvrtTms: revertS, ChaGriSet: 0 }
  switch (setPoint.mode) {
    case 'auto':
      return { ...held, OutWRte: 100, InWRte: 100, StorCtl_Mod: 0 }
    case 'hold':
      return { ...held, OutWRte: 0, InWRte: 0, StorCtl_Mod: 3 }
    case 'charge':
      return {
        ...{ ...held, ChaGriSet: setPoint.fromGrid ? 1 : 0 },
        ...{ OutWRte: -setPoint.percent, InWRte: setPoint.percent, StorCtl_Mod: 3 },
      }
    case 'discharge':
      return { ...held, OutWRte: setPoint.percent, InWRte: -setPoint.percent, StorCtl_Mod: 3 }
  }
}

/**
 * The writes that give points of a model that was just read these values: runs of adjoining registers go in one request.
 * Throws Fault `device` where the device lacks one of them.
 */
function stepsOf({ id, at, length }: ModelAt, unitId: number, blocks: readonly Block[], wanted: Values): Step[] {
  const table = layOut(knownSunSpec(id), length, () => undefined)
  const runs: { at: number; values: number[]; text: string }[] = []
  for (const [name, value] of Object.entries(wanted)) {
    const words = table[name] && wordsFor(table, name, value, blocks, at)
    if (words === undefined) throw new Fault('device', `unit ${unitId}: model ${id} has no ${name}`)
    const last = runs.at(-1)
    if (last !== undefined && last.at + last.values.length === words.at) {
      last.values.push(...words.values)
      last.text += `, ${words.text}`
    } else runs.push({ ...words, values: [...words.values] })
  }
  return runs.map(({ text, at, values }) => ({ text, write: { unitId, at, values } }))
}

/**
 * Controls of a SunSpec device: a limit of its power by models 123 and 704, its battery by 124. `isAllowed` is the
 * operator's word: without it every set-point is refused, and nothing is written.
 */
export function sunSpecControls(connection: ModbusConnection, unitId: number, isAllowed: boolean): Controls {
  const read = async ({ id, at, length }: ModelAt, signal: AbortSignal): Promise<Block> => {
    const count = Math.min(length + 2, lengthOf(layOut(knownSunSpec(id), length, () => undefined)))
    return { at, registers: await connection.readRegisters({ unitId, kind: 'holding', at, count }, signal) }
  }
  const set = async (setPoint: SetPoint, revertS: number, signal: AbortSignal): Promise<void> => {
    if (!isAllowed) throw new Fault('config', `unit ${unitId}: writing to this device is not allowed`)
    assertWithin(setPoint, revertS)
    for (const model of await walkModels(connection, unitId, signal)) {
      const wanted = pointsOf(model.id, setPoint, revertS)
      if (wanted === undefined) continue
      const blocks = [await read(model, signal)]
      const automatic = isAutomatic(setPoint) ? {} : (pointsOf(model.id, automaticOf(setPoint), revertS) ?? {})
      const undertaking = {
        steps: stepsOf(model, unitId, blocks, wanted),
        back: stepsOf(model, unitId, blocks, automatic),
        readBack: async (again: AbortSignal) => [await read(model, again)],
      }
      return undertake(connection, undertaking, signal)
    }
    throw new Fault('device', `unit ${unitId}: has no model for a set-point of its ${setPoint.is}`)
  }
  return { hasTimer: true, set, release: (is, signal) => set(automaticOf({ is }), LONGEST_REVERT_S, signal) }
}

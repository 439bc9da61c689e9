import { Fault, monotonicMs } from '@wattfleet/protocol'
import { decodeNumber, decodeText } from './core/decode.ts'
import type { Block } from './core/image.ts'
import {
  type Control,
  type ControlName,
  type ControlWrite,
  type DeviceModel,
  type Mark,
  pointOf,
} from './core/points.ts'
import { assertWithin, automaticOf, isAutomatic, LONGEST_REVERT_S, type SetPoint } from './core/set-points.ts'
import { wordsFor } from './core/writing.ts'
import { blockReader } from './point-reader.ts'
import type { Controls, ModbusConnection } from './ports.ts'
import { type Step, undertake } from './write-steps.ts'

/** What a model calls a set-point. */
function nameOf(setPoint: SetPoint): ControlName {
  if (setPoint.is === 'power-limit') return setPoint.percent === undefined ? 'noPowerLimit' : 'powerLimit'
  switch (setPoint.mode) {
    case 'auto':
      return 'batteryAuto'
    case 'hold':
      return 'batteryHold'
    case 'charge':
      return setPoint.fromGrid ? 'batteryChargeFromGrid' : 'batteryCharge'
    case 'discharge':
      return 'batteryDischarge'
  }
}

/** The model's way to this set-point. Throws Fault `device` where it has none. */
function controlOf({ name, controls }: DeviceModel, setPoint: SetPoint): Control {
  const control = controls?.[nameOf(setPoint)]
  if (control === undefined) throw new Fault('device', `${name} has no set-point ${nameOf(setPoint)}`)
  return control
}

/** Throws RangeError where the device's timer cannot run for so long, or does not count in so small steps. */
function assertTimed({ points }: DeviceModel, { writes }: Control, revertS: number): void {
  for (const { point, to } of writes) {
    if (to !== 'timer') continue
    const { scale = 1, least = 1, most = LONGEST_REVERT_S } = pointOf(points, point)
    if (revertS < least || revertS > most) throw new RangeError(`${point} takes ${least} to ${most} s, not ${revertS}`)
    if (revertS % scale !== 0) throw new RangeError(`${point} counts in steps of ${scale} s: ${revertS} s is none`)
  }
}

/** Throws Fault `device` where a point does not hold what it has to. */
function assertMark({ points }: DeviceModel, { point, oneOf }: Mark, blocks: readonly Block[], what: string): void {
  const { as, states } = pointOf(points, point)
  const held = as === 'string' ? decodeText(points, point, blocks) : decodeNumber(points, point, blocks)
  if (held.ok && oneOf.includes(held.value)) return
  const meant = (value: number | string) => {
    const state = typeof value === 'number' ? states?.[value] : undefined
    return state === undefined ? `${value}` : `${value} (${state})`
  }
  const got = held.ok ? meant(held.value) : held.reason
  throw new Fault('device', `${what}: ${point} is ${got}, and has to be ${oneOf.map(meant).join(' or ')}`)
}

/** What a write puts into its point, in the point's unit. Throws Fault `device` where the device does not say of what. */
function figureOf(
  { points }: DeviceModel,
  { to, of }: ControlWrite,
  setPoint: SetPoint,
  revertS: number,
  blocks: readonly Block[],
  what: string,
): number {
  if (to === 'timer') return revertS
  const asked = 'percent' in setPoint ? (setPoint.percent ?? 100) : 100
  const figure = to === 'percent' ? asked : to
  if (of === undefined) return figure
  const whole = decodeNumber(points, of, blocks)
  if (!whole.ok || whole.value <= 0) {
    throw new Fault('device', `${what}: ${of} is ${whole.ok ? whole.value : whole.reason}, and has to be known`)
  }
  return (figure * whole.value) / 100
}

/** Every point that a control has to do with. */
function namesOf({ requires = [], writes }: Control): string[] {
  return [...requires.map(({ point }) => point), ...writes.flatMap(({ point, of }) => (of ? [point, of] : [point]))]
}

/**
 * Controls of a device by its model. What tells the model from others and what it requires is looked at before anything is
 * written. `isAllowed` is the operator's word: without it every set-point is refused, and nothing is written.
 */
export function modelControls(
  connection: ModbusConnection,
  unitId: number,
  model: DeviceModel,
  isAllowed: boolean,
): Controls {
  const readOf = async (names: readonly string[], signal: AbortSignal): Promise<readonly Block[]> => {
    const { blocks, fault } = await blockReader(connection, unitId, model, [...new Set(names)], {
      steadyMs: monotonicMs,
    })(signal)
    if (fault !== undefined) throw fault
    return blocks
  }
  const set = async (setPoint: SetPoint, revertS: number, signal: AbortSignal): Promise<void> => {
    if (!isAllowed) throw new Fault('config', `unit ${unitId}: writing to this device is not allowed`)
    assertWithin(setPoint, revertS)
    const control = controlOf(model, setPoint)
    const automatic = automaticOf(setPoint)
    const backControl = isAutomatic(setPoint) ? undefined : controlOf(model, automatic)
    assertTimed(model, control, revertS)
    const marks = [...model.marks, ...(control.requires ?? [])]
    const names = [
      ...marks.map(({ point }) => point),
      ...namesOf(control),
      ...(backControl ? namesOf(backControl) : []),
    ]
    const blocks = await readOf(names, signal)
    const what = `unit ${unitId}: ${nameOf(setPoint)}`
    for (const mark of marks) assertMark(model, mark, blocks, what)
    const stepsOf = ({ writes }: Control, wanted: SetPoint): Step[] =>
      writes.map((write) => {
        const figure = figureOf(model, write, wanted, revertS, blocks, what)
        const words = wordsFor(model.points, write.point, figure, blocks)
        if (words === undefined) throw new Fault('device', `${what}: has no scale for ${write.point}`)
        const { text, ...registers } = words
        return { text, write: { unitId, ...registers } }
      })
    const undertaking = {
      steps: stepsOf(control, setPoint),
      back: backControl ? stepsOf(backControl, automatic) : [],
      readBack: async (again: AbortSignal) => {
        const read = await readOf([control, ...(backControl ? [backControl] : [])].flatMap(writtenBy), again)
        return read
          .filter(({ kind = model.kind }) => kind === 'holding')
          .map(({ at, registers }) => ({ at, registers }))
      },
    }
    return undertake(connection, undertaking, signal)
  }
  const hasTimer = Object.values(model.controls ?? {}).some(({ writes }) => writes.some(({ to }) => to === 'timer'))
  return { hasTimer, set, release: (is, signal) => set(automaticOf({ is }), LONGEST_REVERT_S, signal) }
}

function writtenBy({ writes }: Control): string[] {
  return writes.map(({ point }) => point)
}

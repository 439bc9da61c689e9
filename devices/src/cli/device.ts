import { Fault } from '@wattfleet/protocol'
import { DEFAULT_MAX_REPLY_DELAY_MS } from '../adapters/modbus-rtu.ts'
import { DEFAULT_TIMEOUT_MS } from '../adapters/modbus-tcp.ts'
import { missingReasonOf } from '../core/faults.ts'
import type { DeviceModel } from '../core/points.ts'
import { type LineTarget, targetText } from '../discovery/target.ts'
import { readModel, shippedModel } from '../models/load.ts'
import type { RegisterReader } from '../ports.ts'
import type { ModelAt } from '../sunspec/model.ts'
import { type ModelReading, readSunSpecModel } from '../sunspec/read-model.ts'
import { walkModels } from '../sunspec/walk.ts'
import { TELEGRAM_MODELS } from '../telegrams/telegram-meter.ts'
import { type PointValue, valueReader } from '../value-reader.ts'
import { listed, wholeNumber } from './options.ts'
import type { Cli } from './ports.ts'
import { oneTarget, TARGET_FLAGS } from './targets.ts'

/** What `read` and `watch` are told alike. */
export const DEVICE_FLAGS = {
  ...TARGET_FLAGS,
  unit: { type: 'string' },
  model: { type: 'string' },
  points: { type: 'string' },
  timeout: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

export const DEVICE_USAGE = `  --tcp HOST[:PORT]          a device or gateway on Modbus TCP (port 502)
  --serial PATH[:BAUD[:N1]]  a serial port, baud rate, parity and stop bits (as the model leaves the factory)
  --rtu-over-tcp HOST:PORT   a serial server that carries RTU frames
  --unit N                   unit id, 0 to 255 (the model's)
  --model ID|sunspec|FILE    a model that ships, SunSpec, or a model file
  --points A,B               only these points
  --timeout MS               longest wait for an answer (${DEFAULT_TIMEOUT_MS})
  --json                     for programs
`

/** A device longer silent than this is not there. */
export const LONGEST_TIMEOUT_MS = 60_000
/** SunSpec devices answer unit 1 where nobody changed it. */
const SUNSPEC_UNIT = 1

interface DeviceFlags {
  readonly tcp?: string | undefined
  readonly serial?: string | undefined
  readonly 'rtu-over-tcp'?: string | undefined
  readonly unit?: string | undefined
  readonly model?: string | undefined
  readonly points?: string | undefined
  readonly timeout?: string | undefined
}

/** Which device is meant, and through which model. */
export interface Device {
  readonly target: LineTarget
  readonly unitId: number
  /** Undefined: through the models that the device itself lists (SunSpec). */
  readonly model: DeviceModel | undefined
  /** Empty: all. */
  readonly points: readonly string[]
  readonly timeoutMs: number
}

/** What a device showed once. */
export interface Shown {
  readonly atMs: number
  /** Through a model: one group without a heading. SunSpec: one for each of its models. */
  readonly groups: readonly { readonly listed?: ModelReading; readonly values: readonly PointValue[] }[]
  /** What went wrong first, as the line said it; undefined where nothing did. */
  readonly fault: Fault | undefined
}

/** A model that ships, or one from a file: what ends in `.json` or has a slash. Throws Fault `config`. */
export function modelNamed(text: string): DeviceModel {
  if (Object.hasOwn(TELEGRAM_MODELS, text)) throw new Fault('config', `${text} has no registers: an agent reads it`)
  return text.endsWith('.json') || text.includes('/') ? readModel(text) : shippedModel(text)
}

/** The device that flags name. Throws Fault `config`. */
export function deviceOf(flags: DeviceFlags): Device {
  if (flags.model === undefined) {
    throw new Fault(
      'config',
      'name a model: --model id, sunspec or file.json; `models` lists them, `scan` finds which fit',
    )
  }
  const model = flags.model === 'sunspec' ? undefined : modelNamed(flags.model)
  const points = listed(flags.points ?? '')
  const unknown = points.find((name) => model !== undefined && !Object.hasOwn(model.points, name))
  if (model !== undefined && unknown !== undefined) {
    throw new Fault('config', `${model.id} has no point ${unknown}; it has ${Object.keys(model.points).join(', ')}`)
  }
  const { unit, timeout } = flags
  return {
    target: oneTarget(flags, model?.serial),
    unitId: unit === undefined ? (model?.unitId ?? SUNSPEC_UNIT) : wholeNumber('--unit', unit, 0, 255),
    model,
    points,
    timeoutMs: timeout === undefined ? DEFAULT_TIMEOUT_MS : wholeNumber('--timeout', timeout, 1, LONGEST_TIMEOUT_MS),
  }
}

/** Such as `Eastron SDM630 at 192.168.1.20:502 unit 1`. */
export function deviceText({ target, unitId, model }: Device): string {
  const what = model === undefined ? 'SunSpec device' : `${model.maker} ${model.name}`
  return `${what} at ${targetText(target)} unit ${unitId}`
}

/** A line that keeps the first fault of each reading: of points only its kind is known. */
function remembering(reader: RegisterReader) {
  let first: Fault | undefined
  return {
    timing: reader.timing,
    async readRegisters(...asked: Parameters<RegisterReader['readRegisters']>) {
      try {
        return await reader.readRegisters(...asked)
      } catch (error) {
        if (error instanceof Fault) first ??= error
        throw error
      }
    },
    /** The first fault since it was last asked for. */
    takeFault(): Fault | undefined {
      const fault = first
      first = undefined
      return fault
    },
  }
}

/** SunSpec points are named as they are, or with their model: `W`, `103.W`. */
function isWanted(points: readonly string[], modelId: number, name: string): boolean {
  return points.length === 0 || points.includes(name) || points.includes(`${modelId}.${name}`)
}

type Reading = (signal: AbortSignal) => Promise<Shown>

function sunSpecReading(line: RegisterReader, { unitId, points }: Device, { clock }: Pick<Cli, 'clock'>): Reading {
  const reader = remembering(line)
  let known: readonly ModelAt[] | undefined
  return async (signal) => {
    const groups: { listed: ModelReading; values: PointValue[] }[] = []
    let failed: Fault | undefined
    try {
      known ??= await walkModels(reader, unitId, signal)
      for (const at of known) {
        const reading = await readSunSpecModel(reader, unitId, at, clock, signal)
        const values = reading.values.filter(({ name }) => isWanted(points, at.id, name))
        if (points.length === 0 || values.length > 0) groups.push({ listed: reading, values })
      }
    } catch (error) {
      // rethrows what is no fault of the line
      missingReasonOf(error)
      failed = error instanceof Fault ? error : undefined
    }
    // an exception at a base where "SunS" does not stand is no fault once it was found elsewhere
    const fault = failed ?? (hasUnread(groups) ? reader.takeFault() : undefined)
    reader.takeFault()
    // a device that came back with other firmware may list its models elsewhere
    if (fault !== undefined) known = undefined
    return { atMs: clock.nowMs(), groups, fault }
  }
}

/** Whether values are missing because of the line, and not because the device has none. */
function hasUnread(groups: Shown['groups']): boolean {
  return groups
    .flatMap(({ values }) => values)
    .some(
      ({ measured }) =>
        measured.quality === 'missing' && measured.reason !== 'not-available' && measured.reason !== 'implausible',
    )
}

function modelReading(
  line: RegisterReader,
  device: Device,
  model: DeviceModel,
  { clock }: Pick<Cli, 'clock'>,
): Reading {
  const reader = remembering(line)
  const names = device.points.length > 0 ? device.points : Object.keys(model.points)
  const values = valueReader(reader, device.unitId, model, names, clock)
  return async (signal) => {
    const groups = [{ values: await values.read(signal) }]
    const fault = reader.takeFault()
    // a request that was cut in two and then answered is no fault
    return { atMs: clock.nowMs(), groups, fault: hasUnread(groups) ? fault : undefined }
  }
}

/** Opens the line and yields what reads the device once, and again. Close it after use. */
export function openDevice(
  device: Device,
  world: Pick<Cli, 'lines' | 'clock'>,
): { readonly read: Reading; close(): Promise<void> } {
  const { target, timeoutMs, model } = device
  const maxReplyDelayMs = Math.max(timeoutMs, DEFAULT_MAX_REPLY_DELAY_MS)
  const line = world.lines.open(target, { timeoutMs, maxReplyDelayMs })
  const read = model === undefined ? sunSpecReading(line, device, world) : modelReading(line, device, model, world)
  return { read, close: () => line.close() }
}

/** Values that were read, of all groups. */
export function goodCount({ groups }: Shown): number {
  return groups.flatMap(({ values }) => values).filter(({ measured }) => measured.quality !== 'missing').length
}

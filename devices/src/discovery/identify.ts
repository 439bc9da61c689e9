import type { Clock } from '@wattfleet/protocol'
import { exceptionOf, missingReasonOf } from '../core/faults.ts'
import type { DeviceModel } from '../core/points.ts'
import type { RegisterReader } from '../ports.ts'
import type { ModelAt } from '../sunspec/model.ts'
import { SUNSPEC_BASES, SUNSPEC_MARKER } from '../sunspec/models.ts'
import { readSunSpecModel } from '../sunspec/read-model.ts'
import { walkModels } from '../sunspec/walk.ts'
import { type PointValue, valueReader } from '../value-reader.ts'
import type { Came, Evidence } from './evidence.ts'
import { judge, keyPoints, type Ranked, rank, saysNothing, type Trial } from './rank.ts'

/**
 * After so long at one device no further model is tried: a device that is silent where it lacks a register would hold up
 * the scan for seconds with each.
 */
export const MOST_IDENTIFY_MS = 60_000

/** What a SunSpec device says of itself. */
export interface SunSpecFound {
  /** Where "SunS" stands. */
  readonly base: number
  readonly maker?: string
  readonly model?: string
  readonly version?: string
  readonly serial?: string
  /** Its models in their order, known here or not; none where the list could not be read. */
  readonly models: readonly ModelAt[]
}

/** What is known of a device that answered. */
export interface Identity {
  readonly evidence: readonly Evidence[]
  readonly sunSpec?: SunSpecFound
  /** The best fit first. */
  readonly ranked: readonly Ranked[]
  /** Models that were not tried because it took too long. */
  readonly untried: readonly string[]
}

/** Which device behind which line. */
export interface Asking {
  readonly reader: RegisterReader
  readonly unitId: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Asks once. Only functions 3 and 4: reading changes nothing at a device. Never rejects because of the device. */
export async function ask({ reader, unitId, signal }: Asking, asked: Evidence['asked']): Promise<Came> {
  try {
    return { is: 'registers', registers: await reader.readRegisters({ unitId, ...asked }, signal) }
  } catch (error) {
    const code = exceptionOf(error)
    if (code !== undefined) return { is: 'exception', code }
    return { is: 'nothing', reason: missingReasonOf(error), why: error instanceof Error ? error.message : '' }
  }
}

function textOf(values: readonly PointValue[], name: string): string | undefined {
  const measured = values.find((value) => value.name === name)?.measured
  return measured?.quality === 'good' && typeof measured.value === 'string' ? measured.value : undefined
}

/** The list of models; none where it cannot be read: the marker alone proves SunSpec. */
async function listed({ reader, unitId, signal }: Asking): Promise<ModelAt[]> {
  try {
    return await walkModels(reader, unitId, signal)
  } catch (error) {
    missingReasonOf(error)
    return []
  }
}

async function sunSpecAt(asking: Asking, base: number): Promise<SunSpecFound> {
  const { reader, unitId, clock, signal } = asking
  const models = await listed(asking)
  const common = models.find(({ id }) => id === 1)
  if (common === undefined) return { base, models }
  const { values } = await readSunSpecModel(reader, unitId, common, clock, signal)
  const named = { maker: 'Mn', model: 'Md', version: 'Vr', serial: 'SN' } as const
  const texts = Object.entries(named).flatMap(([key, point]) => {
    const text = textOf(values, point)
    return text === undefined ? [] : [[key, text] as const]
  })
  return { base, ...Object.fromEntries(texts), models }
}

/** Looks for "SunS" where it may stand. After silence nowhere else: it would be the same there. */
async function findSunSpec(asking: Asking): Promise<{ evidence: Evidence[]; sunSpec?: SunSpecFound }> {
  const evidence: Evidence[] = []
  for (const base of SUNSPEC_BASES) {
    const asked = { kind: 'holding', at: base, count: SUNSPEC_MARKER.length } as const
    const came = await ask(asking, asked)
    evidence.push({ asked, came })
    if (came.is === 'nothing') break
    if (came.is === 'registers' && SUNSPEC_MARKER.every((word, i) => came.registers[i] === word)) {
      return { evidence, sunSpec: await sunSpecAt(asking, base) }
    }
  }
  return { evidence }
}

/** Reads a device through one model: first what judges it, and the rest only where that fits. */
async function tryModel({ reader, unitId, clock, signal }: Asking, model: DeviceModel): Promise<Trial> {
  const all = Object.keys(model.points)
  const keys = keyPoints(model)
  const read = (names: readonly string[]) => valueReader(reader, unitId, model, names, clock).read(signal)
  if (keys.length === 0) return { model, values: await read(all) }
  const values = await read(keys)
  if (judge({ model, values }).fit === 'no' && !saysNothing(values)) return { model, values }
  return { model, values: [...values, ...(await read(all.filter((name) => !keys.includes(name))))] }
}

/** Finds out what a device is that answered. Never rejects because of the device. */
export async function identify(asking: Asking, models: readonly DeviceModel[]): Promise<Identity> {
  const { clock, signal } = asking
  const endMs = clock.nowMs() + MOST_IDENTIFY_MS
  const { evidence, sunSpec } = await findSunSpec(asking)
  const trials: Trial[] = []
  const untried: string[] = []
  for (const model of models) {
    if (signal.aborted || clock.nowMs() > endMs) untried.push(model.id)
    else trials.push(await tryModel(asking, model))
  }
  return { evidence, ...(sunSpec && { sunSpec }), ranked: rank(trials), untried }
}

import { Fault } from '@wattfleet/protocol'
import { exceptionOf } from '../core/faults.ts'
import type { RegisterReader } from '../ports.ts'
import type { ModelAt } from './model.ts'
import { SUNSPEC_BASES, SUNSPEC_END, SUNSPEC_MARKER } from './models.ts'

/** More models than any published device lists; a walk that goes on longer reads something that is no list. */
const MOST_MODELS = 64

async function findBase(reader: RegisterReader, unitId: number, signal: AbortSignal): Promise<number | undefined> {
  for (const base of SUNSPEC_BASES) {
    try {
      const words = await reader.readRegisters({ unitId, kind: 'holding', at: base, count: 2 }, signal)
      if (words[0] === SUNSPEC_MARKER[0] && words[1] === SUNSPEC_MARKER[1]) return base
    } catch (error) {
      // addresses that the device does not have: look elsewhere; silence would be the same elsewhere
      if (![1, 2, 3].includes(exceptionOf(error) ?? 0)) throw error
    }
  }
  return undefined
}

/**
 * All models of a SunSpec device in their order, known to us or not. Rejects with the line's Fault, or with Fault
 * `device` where there is no "SunS" or the list does not end.
 * Source: SunSpec Device Information Model Specification 1.1, sections 6.1 and 6.2.
 */
export async function walkModels(reader: RegisterReader, unitId: number, signal: AbortSignal): Promise<ModelAt[]> {
  const base = await findBase(reader, unitId, signal)
  if (base === undefined) throw new Fault('device', `unit ${unitId}: no SunSpec marker at ${SUNSPEC_BASES.join(', ')}`)
  const models: ModelAt[] = []
  for (let at = base + SUNSPEC_MARKER.length; models.length < MOST_MODELS && at <= 0xfffe; ) {
    const [id = SUNSPEC_END, length = 0] = await reader.readRegisters({ unitId, kind: 'holding', at, count: 2 }, signal)
    if (id === SUNSPEC_END) return models
    models.push({ id, at, length })
    at += 2 + length
  }
  throw new Fault('device', `unit ${unitId}: the list of SunSpec models does not end`)
}

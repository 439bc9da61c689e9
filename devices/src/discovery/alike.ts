import type { Identity } from './identify.ts'
import type { LineTarget } from './target.ts'

/** A device that was found, and how it is known. */
export interface Find extends Identity {
  readonly target: LineTarget
  /** More than one where units at one address answer alike. */
  readonly units: readonly number[]
}

/** All that tells one device from another, without readings that change from one moment to the next. */
function likeness({ evidence, sunSpec, ranked }: Find): string {
  const came = evidence.map(({ asked, came }) => [asked, came.is, came.is === 'exception' ? came.code : 0])
  const fits = ranked.map(({ modelId, fit, marks, given }) => [modelId, fit, marks.map(({ got }) => got), given])
  return JSON.stringify([came, sunSpec, fits])
}

/**
 * Finds at one address, those that answer alike as one: many devices on Modbus TCP answer whatever unit they are asked for.
 * Several of one kind behind a gateway look the same.
 */
export function foundAlike(finds: readonly Find[]): Find[] {
  const groups = new Map<string, Find>()
  for (const find of finds) {
    const key = likeness(find)
    const first = groups.get(key)
    groups.set(key, first === undefined ? find : { ...first, units: [...first.units, ...find.units] })
  }
  return [...groups.values()]
}

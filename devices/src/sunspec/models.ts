import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { parseSunSpec } from '../models/sunspec-schema.ts'
import type { SunSpecModel } from './model.ts'

/**
 * Where "SunS" may stand: the specification's three addresses, the usual one first; then one off, where a maker has
 * counted registers from 1.
 */
export const SUNSPEC_BASES = [40_000, 0, 50_000, 39_999, 40_001, 1, 49_999, 50_001] as const
/** "SunS" in two registers. */
export const SUNSPEC_MARKER = [0x5375, 0x6e53] as const
/** The id that ends the list of models. */
export const SUNSPEC_END = 0xffff

const FOLDER = new URL('../../models/sunspec/', import.meta.url)

/** The ids of the published models that are known here, in their order. */
export function sunSpecIds(): number[] {
  return readdirSync(FOLDER)
    .map((file) => Number.parseInt(file, 10))
    .sort((a, b) => a - b)
}

const known = new Map<number, SunSpecModel | undefined>()

/** A published model; undefined for one that is not among models/sunspec: it is skipped. */
export function sunSpecModel(id: number): SunSpecModel | undefined {
  if (known.has(id)) return known.get(id)
  const file = new URL(`${id}.json`, FOLDER)
  const model = existsSync(file) ? parseSunSpec(JSON.parse(readFileSync(file, 'utf8'))) : undefined
  known.set(id, model)
  return model
}

/** A model that the caller knows to be there. Throws RangeError where it is not. */
export function knownSunSpec(id: number): SunSpecModel {
  const model = sunSpecModel(id)
  if (model === undefined) throw new RangeError(`no SunSpec model ${id} here`)
  return model
}

import {
  knownSunSpec,
  laidLength,
  layOut,
  type PointValues,
  SUNSPEC_END,
  SUNSPEC_MARKER,
  type SunSpecGroup,
} from '@wattfleet/devices'
import type { Part } from './device.ts'

/** "SunS" as the one value of its two registers. */
const MARKER = SUNSPEC_MARKER[0] * 0x1_0000 + SUNSPEC_MARKER[1]

/** The models of a device by id, and how often the repeating groups of each are there. */
export type SunSpecModels = Readonly<Record<number, { readonly parts?: number | undefined }>>

/** Integer keys of an object come in ascending order, and so do the models: the common model is first. */
const idsOf = (models: object): number[] => Object.keys(models).map(Number)

/** Registers behind id and length. */
const lengthOfModel = (id: number, parts: number): number => laidLength(knownSunSpec(id), () => parts, parts) - 2

/** The points that count repeating groups. */
function countersOf({ groups = [] }: SunSpecGroup): string[] {
  return groups.flatMap((group) => [...(typeof group.count === 'string' ? [group.count] : []), ...countersOf(group)])
}

/**
 * The parts of a device that lists these models, from "SunS" to the end of the list (SunSpec Device Information Model
 * Specification 1.2, section 6). Points are called `103.W`, `160.module1.DCW`. Throws RangeError for a model that is not
 * known here.
 */
export function sunSpecParts(models: SunSpecModels, base: number): Part[] {
  const common = { kind: 'holding', holes: 'readable' } as const
  const parts: Part[] = [{ ...common, at: base, length: 2, prefix: 'SunS.', table: { marker: { at: 0, as: 'u32' } } }]
  let at = base + 2
  for (const id of idsOf(models)) {
    const groups = models[id]?.parts ?? 0
    const length = lengthOfModel(id, groups)
    const table = layOut(knownSunSpec(id), length, () => groups)
    parts.push({ ...common, at, length: length + 2, prefix: `${id}.`, table })
    at += length + 2
  }
  const end = { id: { at: 0, as: 'u16' }, length: { at: 1, as: 'u16' } } as const
  return [...parts, { ...common, at, length: 2, prefix: 'end.', table: end }]
}

/**
 * The values of such a device: those of each model under its own names, with ids, lengths, counts and the ends of the list
 * added. Repeating groups are there as often as the models say.
 */
export function sunSpecValues(models: SunSpecModels, values: Readonly<Record<number, PointValues>> = {}): PointValues {
  const all: Record<string, number | string | undefined> = { 'SunS.marker': MARKER }
  for (const id of idsOf(models)) {
    all[`${id}.ID`] = id
    const parts = models[id]?.parts ?? 0
    all[`${id}.L`] = lengthOfModel(id, parts)
    for (const name of countersOf(knownSunSpec(id))) all[`${id}.${name}`] = parts
    for (const [name, value] of Object.entries(values[id] ?? {})) all[`${id}.${name}`] = value
  }
  return { ...all, 'end.id': SUNSPEC_END, 'end.length': 0 }
}

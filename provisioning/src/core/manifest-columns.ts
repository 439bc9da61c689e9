import { DEVICE_COLUMNS } from './devices.ts'
import type { ManifestLine, RowError } from './manifest.ts'
import { nearest } from './nearest.ts'

/** Columns that a manifest must have, and those that it may leave out. */
export const REQUIRED_COLUMNS = ['serial', 'household', 'member', 'zone', 'capImportWh', 'capExportWh'] as const
export const OPTIONAL_COLUMNS = ['site', 'community', ...DEVICE_COLUMNS, 'claim'] as const
export type Column = (typeof REQUIRED_COLUMNS)[number] | (typeof OPTIONAL_COLUMNS)[number]

const COLUMNS: readonly Column[] = [...REQUIRED_COLUMNS, ...OPTIONAL_COLUMNS]
/** What some call the grid zone; the chain calls it zone, so the fee classes are explained with that word. */
const ALIASES: Readonly<Record<string, Column>> = { area: 'zone' }

export const NO_HEADER: RowError = { line: 1, reason: `the header is missing: expected ${REQUIRED_COLUMNS.join(',')}` }

/** Where each column stands; or what is wrong with the header, every mistake. */
export function columnsOf(header: ManifestLine): ReadonlyMap<Column, number> | RowError[] {
  const names = header.fields.map((field) => field.trim())
  const separator = names.length === 1 && ([';', '\t'] as const).find((one) => names[0]?.includes(one))
  if (separator) {
    const word = separator === ';' ? 'semicolons' : 'tabs'
    return [{ line: header.line, reason: `columns are separated by ${word}: save the list with commas` }]
  }
  const known = names.map((name) => ALIASES[name] ?? COLUMNS.find((column) => column === name))
  const errors: RowError[] = []
  for (const column of REQUIRED_COLUMNS) {
    if (!known.includes(column)) errors.push({ line: header.line, reason: `column ${column} is missing` })
  }
  for (const [at, name] of names.entries()) {
    const line = header.fieldLines?.[at] ?? header.line
    const column = known[at]
    if (column === undefined) errors.push({ line, reason: `column ${JSON.stringify(name)} is unknown${meant(name)}` })
    else if (known.indexOf(column) !== at) errors.push({ line, reason: `column ${column} is given twice` })
  }
  if (errors.length > 0) return errors
  return new Map(known.flatMap((column, at) => (column === undefined ? [] : [[column, at] as const])))
}

function meant(name: string): string {
  const best = nearest(name, [...COLUMNS, ...Object.keys(ALIASES)])
  return best === undefined ? '' : `: did you mean ${best}?`
}

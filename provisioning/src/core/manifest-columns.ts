import { DEVICE_COLUMNS } from './devices.ts'
import type { ManifestLine, RowError } from './manifest.ts'
import { nearest } from './nearest.ts'

/** Columns that a manifest must have, and those that it may leave out. */
export const REQUIRED_COLUMNS = ['serial', 'household', 'member', 'zone', 'capImportWh', 'capExportWh'] as const
export const OPTIONAL_COLUMNS = ['site', 'community', ...DEVICE_COLUMNS, 'claim'] as const
export type Column = (typeof REQUIRED_COLUMNS)[number] | (typeof OPTIONAL_COLUMNS)[number]

const COLUMNS: readonly Column[] = [...REQUIRED_COLUMNS, ...OPTIONAL_COLUMNS]
/** What some call the grid zone; the chain calls it zone, so the fee classes are explained with that word. */
const ALIASES: ReadonlyMap<string, Column> = new Map([['area', 'zone']])

/** The header of a list: where its columns stand, and how the list is written. */
export interface Header {
  readonly columns: ReadonlyMap<Column, number>
  /** Fields that each row has. */
  readonly width: number
  readonly isYaml: boolean
}

export const NO_HEADER: RowError = { line: 1, reason: `the header is missing: expected ${REQUIRED_COLUMNS.join(',')}` }

/** The column that is called so, or is called so by some. */
export function columnOf(name: string): Column | undefined {
  return ALIASES.get(name) ?? COLUMNS.find((column) => column === name)
}

/**
 * Where each column stands, and every mistake in the header. A name that is wrong and means a column that is not there
 * otherwise is read as that one, so that its values are checked too. Undefined where no row can be read.
 */
export function columnsOf(header: ManifestLine): { readonly header?: Header; readonly errors: readonly RowError[] } {
  const names = header.fields.map((field) => field.trim())
  const separator = names.length === 1 && ([';', '\t'] as const).find((one) => names[0]?.includes(one))
  if (separator) {
    const word = separator === ';' ? 'semicolons' : 'tabs'
    return { errors: [{ line: header.line, reason: `columns are separated by ${word}: save the list with commas` }] }
  }
  const isYaml = header.fieldLines !== undefined
  const word = isYaml ? 'field' : 'column'
  const errors: RowError[] = []
  const columns = new Map<Column, number>()
  const refuse = (at: number, reason: string) =>
    errors.push({ line: header.fieldLines?.[at] ?? header.line, reason: `${word} ${reason}` })
  for (const [at, name] of names.entries()) {
    const column = columnOf(name)
    if (column === undefined) continue
    if (columns.has(column)) refuse(at, `${column} is given twice`)
    else columns.set(column, at)
  }
  for (const [at, name] of names.entries()) {
    if (columnOf(name) !== undefined) continue
    const best = nearest(name, [...COLUMNS, ...ALIASES.keys()])
    refuse(at, `${JSON.stringify(name)} is unknown${best === undefined ? '' : `: did you mean ${best}?`}`)
    const meant = best === undefined ? undefined : columnOf(best)
    if (meant !== undefined && !columns.has(meant)) columns.set(meant, at)
  }
  for (const column of REQUIRED_COLUMNS) {
    if (!columns.has(column)) errors.push({ line: header.line, reason: `${word} ${column} is missing` })
  }
  return { header: { columns, width: names.length, isYaml }, errors }
}

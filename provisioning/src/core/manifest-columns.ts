import { DEVICE_COLUMNS } from './devices.ts'
import type { ManifestLine, RowError } from './manifest.ts'

/** Columns that a manifest must have, and those that it may leave out. */
export const REQUIRED_COLUMNS = ['serial', 'household', 'member', 'zone', 'capImportWh', 'capExportWh'] as const
export const OPTIONAL_COLUMNS = ['site', 'community', ...DEVICE_COLUMNS, 'claim'] as const
export type Column = (typeof REQUIRED_COLUMNS)[number] | (typeof OPTIONAL_COLUMNS)[number]

const COLUMNS: readonly Column[] = [...REQUIRED_COLUMNS, ...OPTIONAL_COLUMNS]
/** What some call the grid zone; the chain calls it zone, so the fee classes are explained with that word. */
const ALIASES: Readonly<Record<string, Column>> = { area: 'zone' }
/** Typing slips that still mean one column: more of them could mean another one. */
const MOST_SLIPS = 2

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
  const bare = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  const typed = bare(name)
  const [best] = [...COLUMNS, ...Object.keys(ALIASES)]
    .map((column) => ({ column, slips: slips(typed, bare(column)) }))
    .filter((one) => one.slips <= MOST_SLIPS && one.slips < typed.length)
    .sort((a, b) => a.slips - b.slips)
  return best === undefined ? '' : `: did you mean ${best.column}?`
}

/** Letters to add, leave out or replace until one text is the other (Levenshtein). */
function slips(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > MOST_SLIPS) return Number.POSITIVE_INFINITY
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}

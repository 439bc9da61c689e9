import { SERIAL, SERIAL_FORM } from '@wattfleet/protocol'
import type { LifeState } from './life.ts'

/** One row of a manifest as it was read: the line it starts at and its fields as text. */
export interface ManifestLine {
  readonly line: number
  readonly fields: readonly string[]
}

/** A gateway and its site as the utility's list names them. */
export interface ManifestSite {
  /** 16 bytes, hex: the site's pseudonym. */
  readonly site: string
  /** What the maker engraved on the gateway: its claim is good for no other. */
  readonly serial: string
  /** The utility's own reference of the household; never leaves this room. */
  readonly household: string
  /** Account of the member, 32 bytes, hex. */
  readonly member: string
  readonly zone: number
  /** Most the site may import or export in one slot, Wh, from the nameplate. */
  readonly capImportWh: number
  readonly capExportWh: number
}

/** A gateway that is there, or was. One that is retired is a tombstone: its serial and its site are never used again. */
export type ExistingSite = ManifestSite & { readonly state?: LifeState }

/** A row whose site is undefined gets a random pseudonym. */
export type ManifestRow = Omit<ManifestSite, 'site'> & { readonly site: string | undefined; readonly line: number }

export interface RowError {
  readonly line: number
  readonly reason: string
}

export type ManifestPlan =
  | { readonly ok: true; readonly fresh: readonly ManifestRow[]; readonly known: readonly string[] }
  | { readonly ok: false; readonly errors: readonly RowError[] }

export const MANIFEST_COLUMNS = ['serial', 'household', 'site', 'member', 'zone', 'capImportWh', 'capExportWh'] as const
type Column = (typeof MANIFEST_COLUMNS)[number]

const U32 = 2 ** 32 - 1
export const HOUSEHOLD_LENGTH = 100
/** What a spreadsheet would run when it opens the list again (OWASP, CSV Injection). */
export const FORMULA = /^[=+\-@\t\r]/

/**
 * Checks a whole manifest, its first line the header, against itself and against the gateways that exist. A row is the same
 * gateway again when it gives the same serial; then everything else must be the same too, but the pseudonym may be left out.
 * Every bad row is named; one bad row refuses all.
 */
export function planImport(lines: readonly ManifestLine[], existing: readonly ExistingSite[]): ManifestPlan {
  const [header, ...body] = lines
  const columns = header && columnsOf(header)
  if (columns === undefined || Array.isArray(columns)) return { ok: false, errors: columns ?? [NO_HEADER] }
  const errors: RowError[] = []
  const rows: ManifestRow[] = []
  for (const line of body) {
    const { row, reasons } = readRow(line, columns)
    errors.push(...reasons.map((reason) => ({ line: line.line, reason })))
    if (reasons.length === 0) rows.push(row)
  }
  errors.push(...findRepeats(rows))
  const fresh: ManifestRow[] = []
  const known: string[] = []
  const index = indexOf(existing)
  for (const row of rows) {
    const match = matchOf(row, index)
    if ('reason' in match) errors.push({ line: row.line, reason: match.reason })
    else if (match.site === undefined) fresh.push(row)
    else known.push(match.site)
  }
  if (errors.length === 0) return { ok: true, fresh, known }
  return { ok: false, errors: errors.sort((a, b) => a.line - b.line) }
}

const NO_HEADER: RowError = { line: 1, reason: `the header is missing: expected ${MANIFEST_COLUMNS.join(',')}` }

function columnsOf(header: ManifestLine): ReadonlyMap<Column, number> | RowError[] {
  const names = header.fields.map((field) => field.trim())
  if (names.length === 1 && names[0]?.includes(';')) {
    return [{ line: header.line, reason: 'columns are separated by semicolons: save the list with commas' }]
  }
  const missing = MANIFEST_COLUMNS.filter((column) => !names.includes(column))
  const unknown = names.filter((name) => !(MANIFEST_COLUMNS as readonly string[]).includes(name))
  const errors = [
    ...missing.map((column) => `column ${column} is missing`),
    ...unknown.map((name) => `column ${JSON.stringify(name)} is unknown`),
    ...names.filter((name, at) => names.indexOf(name) !== at).map((name) => `column ${name} is given twice`),
  ]
  if (errors.length > 0) return errors.map((reason) => ({ line: header.line, reason }))
  return new Map(MANIFEST_COLUMNS.map((column) => [column, names.indexOf(column)]))
}

function readRow({ line, fields }: ManifestLine, columns: ReadonlyMap<Column, number>) {
  const reasons: string[] = []
  if (fields.length !== columns.size) reasons.push(`expected ${columns.size} fields, got ${fields.length}`)
  const text = (column: Column) => (fields[columns.get(column) ?? -1] ?? '').trim()
  const hex = (column: Column, digits: number) => {
    const value = text(column).toLowerCase()
    if (value.length !== digits || !/^[0-9a-f]*$/.test(value)) {
      reasons.push(`${column}: expected ${digits} hex digits, got ${JSON.stringify(text(column))}`)
    }
    return value
  }
  const natural = (column: Column, min: number) => {
    const value = /^[0-9]{1,10}$/.test(text(column)) ? Number(text(column)) : Number.NaN
    if (!(value >= min && value <= U32)) {
      reasons.push(`${column}: expected a whole number from ${min} to ${U32}, got ${JSON.stringify(text(column))}`)
    }
    return value
  }
  const serial = text('serial')
  if (!SERIAL.test(serial)) {
    reasons.push(`serial: ${SERIAL_FORM}, got ${JSON.stringify(serial)}`)
  }
  const household = text('household')
  if (household === '' || household.length > HOUSEHOLD_LENGTH) {
    reasons.push(`household: expected 1 to ${HOUSEHOLD_LENGTH} characters`)
  }
  if (FORMULA.test(household)) reasons.push(`household: ${JSON.stringify(household)} is a formula to a spreadsheet`)
  const row: ManifestRow = {
    line,
    serial,
    household,
    site: text('site') === '' ? undefined : hex('site', 32),
    member: hex('member', 64),
    zone: natural('zone', 0),
    capImportWh: natural('capImportWh', 1),
    capExportWh: natural('capExportWh', 0),
  }
  return { row, reasons }
}

function findRepeats(rows: readonly ManifestRow[]): RowError[] {
  const seen = new Map<string, number>()
  const errors: RowError[] = []
  for (const { line, site, household, serial } of rows) {
    const own = [`serial ${serial}`, `household ${JSON.stringify(household)}`]
    for (const key of [...own, ...(site === undefined ? [] : [`site ${site}`])]) {
      const first = seen.get(key)
      if (first === undefined) seen.set(key, line)
      else errors.push({ line, reason: `${key} is in line ${first} already` })
    }
  }
  return errors
}

type Index = Readonly<Record<'serial' | 'household' | 'site', ReadonlyMap<string, ExistingSite>>>

/** Where a serial went from household to household, the last counts: they come in the order in which they were added. */
function indexOf(existing: readonly ExistingSite[]): Index {
  const by = (key: keyof Index, sites = existing) => new Map(sites.map((site) => [site[key], site]))
  const living = existing.filter(({ state }) => state !== 'retired')
  return { serial: by('serial'), household: by('household', living), site: by('site') }
}

function matchOf(row: ManifestRow, existing: Index): { site: string | undefined } | { reason: string } {
  const same = existing.serial.get(row.serial)
  if (same === undefined) {
    const other = existing.household.get(row.household)
    if (other) return { reason: `household ${JSON.stringify(row.household)} has the gateway ${other.serial} already` }
    const there = row.site === undefined ? undefined : existing.site.get(row.site)
    return there ? { reason: `site ${row.site} has the gateway ${there.serial} already` } : { site: undefined }
  }
  // of a tombstone the household may be forgotten: that its row comes again changes nothing
  const isForgotten = same.state === 'retired' && same.household === ''
  const compared = [
    ...(isForgotten ? [] : (['household'] as const)),
    'member',
    'zone',
    'capImportWh',
    'capExportWh',
  ] as const
  const changed = [...compared, ...(row.site === undefined ? [] : (['site'] as const))]
    .filter((field) => row[field] !== same[field])
    .map((field) => `${field} was ${same[field]}`)
  if (changed.length === 0) return { site: same.site }
  if (same.state === 'retired') return { reason: `serial ${same.serial} is retired for good: it cannot come back` }
  return { reason: `serial ${same.serial} exists with other figures: ${changed.join(', ')}` }
}

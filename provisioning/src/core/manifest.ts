import { DEVICE_COLUMNS, type ManifestDevices } from './devices.ts'
import type { LifeState } from './life.ts'
import { columnsOf, NO_HEADER, REQUIRED_COLUMNS } from './manifest-columns.ts'
import { readRow } from './manifest-row.ts'

/** One row of a manifest as it was read: the line it starts at and its fields as text. */
export interface ManifestLine {
  readonly line: number
  readonly fields: readonly string[]
  /** Of the header of a YAML list, whose fields are not all in one line: where each is first named. */
  readonly fieldLines?: readonly number[]
  /** Why a YAML list's entry could not be read: then its fields say nothing. */
  readonly faults?: readonly RowError[]
}

/** A gateway and its site as the utility's list names them. */
export interface ManifestSite extends ManifestDevices {
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

export type ManifestRow = Omit<ManifestSite, 'site'> & {
  /** A row without one gets a random pseudonym. */
  readonly site: string | undefined
  /** The claim's secret, 32 bytes, hex, where the maker has put it on the gateway already. */
  readonly claim: string | undefined
  readonly line: number
}

export interface RowError {
  readonly line: number
  readonly reason: string
}

export type ManifestPlan =
  | { readonly ok: true; readonly fresh: readonly ManifestRow[]; readonly known: readonly string[] }
  | { readonly ok: false; readonly errors: readonly RowError[] }

/** What a manifest is held against. */
export interface Existing {
  readonly sites: readonly ExistingSite[]
  /** The community that this utility's service enrols into. */
  readonly community: number
  /** The serial whose claim in force has this secret. */
  readonly holderOf: (claim: string) => string | undefined
  /** When the gateway of this site came from another household, and its epoch here; undefined where it was here from the first. */
  readonly cameTo: (site: string) => { readonly at: string; readonly epoch: number | undefined } | undefined
}

/**
 * Checks a whole manifest, its first line the header, against itself and against the gateways that exist. A row is the same
 * gateway again when it gives the same serial; then everything else must be the same too, but what is optional may be left
 * out, and its claim is not looked at: another may be in force since. Every bad row is named; one bad row refuses all.
 */
export function planImport(lines: readonly ManifestLine[], existing: Existing): ManifestPlan {
  const [first, ...body] = lines
  if (first === undefined) return { ok: false, errors: [NO_HEADER] }
  const { header, errors: wrongHeader } = columnsOf(first)
  if (header === undefined) return { ok: false, errors: wrongHeader }
  const errors: RowError[] = [...wrongHeader]
  const read = body.flatMap((line) => {
    if (line.faults === undefined) return [readRow(line, header, existing.community)]
    errors.push(...line.faults)
    return []
  })
  for (const { row, reasons } of read) for (const reason of reasons) errors.push({ line: row.line, reason })
  for (const error of findRepeats(read)) errors.push(error)
  // what a row lacks would look like another figure
  const isComplete = REQUIRED_COLUMNS.every((column) => header.columns.has(column))
  const rows = isComplete ? read.filter(({ reasons }) => reasons.length === 0).map(({ row }) => row) : []
  const fresh: ManifestRow[] = []
  const known: string[] = []
  const index = indexOf(existing.sites)
  for (const row of rows) {
    const match = matchOf(row, index, existing.cameTo)
    const holder = 'site' in match && match.site === undefined && row.claim && existing.holderOf(row.claim)
    if ('reason' in match) errors.push({ line: row.line, reason: match.reason })
    else if (holder) errors.push({ line: row.line, reason: `claim: is that of the gateway ${holder} already` })
    else if (match.site === undefined) fresh.push(row)
    else known.push(match.site)
  }
  if (errors.length === 0) return { ok: true, fresh, known }
  return { ok: false, errors: errors.sort((a, b) => a.line - b.line) }
}

/** What is given twice; a value that is wrong in itself is not looked at. */
function findRepeats(rows: readonly Pick<ReturnType<typeof readRow>, 'row' | 'wrong'>[]): RowError[] {
  const seen = new Map<string, number>()
  const errors: RowError[] = []
  for (const { row, wrong } of rows) {
    const { line, site, household, serial, claim } = row
    const keys = [
      { column: 'serial', name: `serial ${serial}`, value: serial },
      { column: 'household', name: `household ${JSON.stringify(household)}`, value: household },
      { column: 'site', name: `site ${site}`, value: site },
      { column: 'claim', name: 'this claim', value: claim },
    ] as const
    for (const { column, name, value } of keys) {
      if (!value || wrong.has(column)) continue
      const key = `${name} ${value}`
      const first = seen.get(key)
      if (first === undefined) seen.set(key, line)
      else errors.push({ line, reason: `${name} is in line ${first} already` })
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

const isOfDevices = (field: string) => (DEVICE_COLUMNS as readonly string[]).includes(field)
/** A list changes no row that is there; this does. */
const BY_ROLLOUT = 'leave them as they were, and change devices by a tag and a roll-out of another configuration'
const BY_TRANSFER = 'leave them as they were; `transfer` takes a gateway to another household'

function matchOf(
  row: ManifestRow,
  existing: Index,
  cameTo: Existing['cameTo'],
): { site: string | undefined } | { reason: string } {
  const same = existing.serial.get(row.serial)
  if (same === undefined) {
    const other = existing.household.get(row.household)
    if (other) return { reason: `household ${JSON.stringify(row.household)} has the gateway ${other.serial} already` }
    const there = row.site === undefined ? undefined : existing.site.get(row.site)
    return there ? { reason: `site ${row.site} has the gateway ${there.serial} already` } : { site: undefined }
  }
  // of a tombstone the household may be forgotten: that its row comes again changes nothing
  const isForgotten = same.state === 'retired' && same.household === ''
  const always = [
    ...(isForgotten ? [] : (['household'] as const)),
    'member',
    'zone',
    'capImportWh',
    'capExportWh',
  ] as const
  const ifSaid = (['site', ...DEVICE_COLUMNS] as const).filter((field) => row[field] !== undefined)
  const changed = [...always, ...ifSaid].filter((field) => row[field] !== same[field])
  const figures = (verb: string) => changed.map((field) => `${field} ${verb} ${same[field] ?? 'not given'}`).join(', ')
  if (changed.length === 0) return { site: same.site }
  if (same.state === 'retired') return { reason: `serial ${same.serial} is retired for good: it cannot come back` }
  const came = cameTo(same.site)
  if (came === undefined) {
    const reason = `serial ${same.serial} exists with other figures: ${figures('was')}`
    return { reason: `${reason}: ${changed.some((field) => !isOfDevices(field)) ? BY_TRANSFER : BY_ROLLOUT}` }
  }
  const where = came.epoch === undefined ? 'is not enrolled there yet' : `is in epoch ${came.epoch} there`
  const remedy = `leave the row out, or give what is true now: ${figures('is')}`
  return { reason: `serial ${same.serial} was transferred at ${came.at} and ${where}: ${remedy}` }
}

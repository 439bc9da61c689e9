import { DEVICE_COLUMNS, type ManifestDevices } from './devices.ts'
import type { LifeState } from './life.ts'
import { columnsOf, NO_HEADER } from './manifest-columns.ts'
import { readRow } from './manifest-row.ts'

/** One row of a manifest as it was read: the line it starts at and its fields as text. */
export interface ManifestLine {
  readonly line: number
  readonly fields: readonly string[]
  /** Of a header whose columns are not all in one line: where each is first named. */
  readonly fieldLines?: readonly number[]
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
  const [header, ...body] = lines
  const columns = header && columnsOf(header)
  if (columns === undefined || Array.isArray(columns)) return { ok: false, errors: columns ?? [NO_HEADER] }
  const errors: RowError[] = []
  const rows: ManifestRow[] = []
  for (const line of body) {
    const { row, reasons } = readRow(line, columns, existing.community)
    for (const reason of reasons) errors.push({ line: line.line, reason })
    if (reasons.length === 0) rows.push(row)
  }
  for (const error of findRepeats(rows)) errors.push(error)
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

function findRepeats(rows: readonly ManifestRow[]): RowError[] {
  const seen = new Map<string, number>()
  const errors: RowError[] = []
  for (const { line, site, household, serial, claim } of rows) {
    const keys: readonly (readonly [string, string | undefined])[] = [
      [`serial ${serial}`, serial],
      [`household ${JSON.stringify(household)}`, household],
      [`site ${site}`, site],
      ['this claim', claim],
    ]
    for (const [name, value] of keys) {
      if (value === undefined) continue
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

import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { Fault, fromHex, gatewayIdFrom, sha256, toHex } from '@wattfleet/protocol'
import { clearDrafts, writeFilesAtomic } from './adapters/private-files.ts'
import { type ClaimSettings, claimFile, issueMissingClaims } from './claims.ts'
import { type ManifestLine, type ManifestRow, planImport } from './core/manifest.ts'
import type { Actor, Deed, NewSite, Store } from './ports.ts'

/** Rows that become durable together, with their claims. A kill costs at most so many claims, which are then made anew. */
const BATCH_ROWS = 250

export interface ImportSummary {
  /** Sites that were added. */
  readonly added: number
  /** Sites that were there already, with the same figures. */
  readonly known: number
}

export interface ImportOptions {
  /** The community that the service enrols into. */
  readonly community: number
  readonly nowMs: number
  /** Who imports; whoever is at the machine, unless told. */
  readonly actor?: Actor
  /** Called as rows are done. */
  readonly onProgress?: (done: number, total: number) => void
  /** Aborted: no further batch is begun. */
  readonly signal?: AbortSignal
}

export interface ImportDone extends ImportSummary {
  /** Paths of the claim files that were written. */
  readonly claims: string[]
  /** Rows that are not done because the import was stopped. */
  readonly left: number
}

/** What an import of these lines would do. Throws Fault `config` with one line per bad row: source, line, reason. */
export function checkManifest(store: Store, lines: readonly ManifestLine[], source: string, community: number) {
  const plan = planImport(lines, {
    ...{ sites: store.sites(), community },
    holderOf: (claim) => store.siteByClaim(hashOf(claim))?.serial,
    cameTo: (site) => {
      const came = store.audit.entriesOf(site).find(({ event }) => event === 'transferred')
      return came && { at: new Date(came.atMs).toISOString(), epoch: store.site(site)?.grant?.epoch }
    },
  })
  if (!plan.ok)
    throw new Fault('config', plan.errors.map(({ line, reason }) => `${source}:${line}: ${reason}`).join('\n'))
  return plan
}

/**
 * Imports a manifest and writes its claims. One bad row refuses it before anything is written. Then rows become durable in
 * batches, each row whole and with its claim: whoever is killed on the way does the same again, and it goes on where it
 * stopped. Importing it again changes nothing. Throws Fault `config` with one line per bad row: source, line, reason.
 */
export async function importManifest(
  { store, claims }: { readonly store: Store; readonly claims: ClaimSettings },
  lines: readonly ManifestLine[],
  source: string,
  { community, nowMs, actor = 'operator', onProgress = () => undefined, signal }: ImportOptions,
): Promise<ImportDone> {
  const { fresh, known } = checkManifest(store, lines, source, community)
  clearDrafts(claims.claimsDir)
  const written: string[] = []
  let added = 0
  onProgress(0, fresh.length)
  while (added < fresh.length && !signal?.aborted) {
    const batch = fresh.slice(added, added + BATCH_ROWS)
    written.push(...(await addBatch(store, claims, batch, { actor, atMs: nowMs })))
    added += batch.length
    onProgress(added, fresh.length)
    await setImmediate() // a signal is heard between two batches
  }
  const left = fresh.length - added
  if (left === 0) written.push(...issueMissingClaims(store, claims, nowMs))
  return { added, known: known.length, claims: written, left }
}

async function addBatch(
  store: Store,
  settings: ClaimSettings,
  rows: readonly ManifestRow[],
  deed: Deed,
): Promise<readonly string[]> {
  const expiresMs = deed.atMs + settings.validMs
  const prepared = rows.map(({ line: _line, claim, ...row }) => {
    const secret = claim ?? toHex(randomBytes(32))
    const site: NewSite = {
      ...row,
      site: row.site ?? toHex(randomBytes(16)),
      gateway: gatewayIdFrom(randomBytes(16)),
      claim: { hash: hashOf(secret), expiresMs, isWritten: claim !== undefined },
    }
    // a claim that the maker has put on the gateway needs no file
    return { site, file: claim === undefined ? claimFile(settings, row.serial, secret) : undefined }
  })
  const files = prepared.flatMap(({ file }) => (file === undefined ? [] : [file]))
  // In force before they can be read by anyone: whoever sees a file can use it.
  const add = () =>
    store.addSites(
      prepared.map(({ site }) => site),
      deed,
    )
  await writeFilesAtomic(files, add)
  store.setClaimWritten(...prepared.filter(({ file }) => file !== undefined).map(({ site }) => site.site))
  return files.map(({ path }) => path)
}

function hashOf(claim: string): Uint8Array {
  const secret = fromHex(claim, 32)
  if (secret === undefined) throw new Fault('internal', 'a claim is 64 hex digits')
  return sha256(secret)
}

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Claim,
  Fault,
  messageOf,
  PRIVATE_MODE,
  pause,
  sha256,
  syncFolder,
  toHex,
  writeFileAtomic,
} from '@wattfleet/protocol'
import type { pino } from 'pino'
import type { PrivateFile } from './adapters/private-files.ts'
import { isClaimFileOver } from './core/claim-file.ts'
import type { Deed, Store } from './ports.ts'

const ENDING = '.claim.json'
/** How often the service looks for claim files that are over: nobody waits for them to go. */
const CLEAR_EVERY_MS = 60_000

export interface ClaimSettings {
  /** Folder of the claim files, one per gateway. */
  readonly claimsDir: string
  /** `https://host:port` under which gateways reach the enrolment service. */
  readonly publicUrl: string
  readonly caPem: string
  /** How long a claim is good for. */
  readonly validMs: number
}

/** Where the claim of a gateway lies: by its serial, which is what the installer reads on it. */
export function claimPath(claimsDir: string, serial: string): string {
  return join(claimsDir, `${serial}${ENDING}`)
}

/** The file that lets the gateway with this serial enrol with this secret. */
export function claimFile(settings: ClaimSettings, serial: string, secret: string): PrivateFile {
  const claim: Claim = { url: settings.publicUrl, caPem: settings.caPem, claim: secret }
  return { path: claimPath(settings.claimsDir, serial), content: `${JSON.stringify(claim, null, 2)}\n` }
}

/**
 * Puts a new one-time claim in force for a gateway that may have one, and writes it out once; only its SHA-256 is stored.
 * The former claim is dead from then on. A crash on the way leaves the site marked as without a claim file, so that the
 * next import issues another one. Returns the path. Throws Fault `enrolment` when the site is unknown or its gateway is in no state for it.
 */
export function reissueClaim(store: Store, settings: ClaimSettings, site: string, deed: Deed): string {
  const record = store.site(site)
  if (record === undefined) throw new Fault('enrolment', `site ${site} is unknown`)
  const secret = randomBytes(32)
  mkdirSync(settings.claimsDir, { recursive: true, mode: 0o700 })
  const { path, content } = claimFile(settings, record.serial, toHex(secret))
  // In force before it can be read by anyone: whoever sees the file can use it.
  writeFileAtomic(path, content, PRIVATE_MODE, () => {
    const step = store.setClaim(site, sha256(secret), deed.atMs + settings.validMs, deed)
    if (!step.ok) throw new Fault('enrolment', `${record.serial}: ${step.reason}`)
  })
  store.setClaimWritten(site)
  return path
}

/** Issues the claims that are missing: of new sites, and of those whose claim file a crash prevented. */
export function issueMissingClaims(store: Store, settings: ClaimSettings, nowMs: number): string[] {
  return store
    .sites()
    .filter(({ claimWritten, state }) => !claimWritten && state === 'expected')
    .map(({ site }) => reissueClaim(store, settings, site, { actor: 'operator', atMs: nowMs }))
}

/**
 * Removes the claim files that are over (core/claim-file.ts), of these gateways or of all. Yields their serials. It is
 * decided and removed while nobody else can write the store: another claim is put in force there before its file comes, so
 * the file that goes is never the next one's. Whoever dies on the way leaves some for the next time.
 */
export async function clearClaimFiles(
  store: Store,
  claimsDir: string,
  serials: readonly string[] = serialsIn(claimsDir),
): Promise<string[]> {
  const isOver = (serial: string): boolean => {
    const record = store.siteBySerial(serial)
    if (record === undefined) return false
    const { state, isClaimSpent, grant, gateway } = record
    const heardEpoch = grant && store.statuses.of(gateway)?.epoch
    return isClaimFileOver({ state, isClaimSpent, epoch: grant?.epoch, heardEpoch })
  }
  const clear = (serial: string) => {
    const path = claimPath(claimsDir, serial)
    if (!isOver(serial) || !existsSync(path)) return []
    rmSync(path)
    return [serial]
  }
  const cleared = await Promise.all(serials.filter(isOver).map((serial) => store.together(() => clear(serial))))
  if (cleared.flat().length > 0) syncFolder(claimsDir)
  return cleared.flat()
}

function serialsIn(claimsDir: string): string[] {
  if (!existsSync(claimsDir)) return []
  return readdirSync(claimsDir).flatMap((name) => (name.endsWith(ENDING) ? [name.slice(0, -ENDING.length)] : []))
}

/** The same from time to time, until aborted. */
export async function keepClaimFiles(
  store: Store,
  claimsDir: string,
  log: pino.Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const serials = await clearClaimFiles(store, claimsDir)
      if (serials.length > 0) log.info({ serials }, 'claim files are removed: they are of no use any more')
    } catch (error) {
      log.error({ error: messageOf(error) }, 'claim files that are of no use any more cannot be removed')
    }
    await pause(CLEAR_EVERY_MS, signal)
  }
}

import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { type Claim, claimText, fromHex, parseObject, sha256, toHex } from '@wattfleet/protocol'
import { claimPath } from '../claims.ts'
import type { SiteRecord, Store } from '../ports.ts'
import type { Label } from './sheet.ts'

export interface LabelList {
  readonly labels: readonly Label[]
  /** Gateways that get none, by serial, with the reason. */
  readonly without: readonly { readonly serial: string; readonly reason: string }[]
}

/**
 * The labels of these gateways, from their claim files: the store itself has no more than a claim's hash. A claim that is not
 * in force is not printed. The household only where it is asked for: a label is read by whoever carries the gateway.
 */
export function labelsOf(
  store: Store,
  claimsDir: string,
  records: readonly SiteRecord[],
  { nowMs, household }: { readonly nowMs: number; readonly household: boolean },
): LabelList {
  const labels: Label[] = []
  const without: { serial: string; reason: string }[] = []
  for (const record of records) {
    const { serial, claimExpiresMs } = record
    const claim = claimOf(store, claimPath(claimsDir, serial), serial)
    if (typeof claim === 'string') without.push({ serial, reason: claim })
    else if (claimExpiresMs <= nowMs) without.push({ serial, reason: 'its claim has expired: reissue it' })
    else labels.push(labelOf(record, claim, household))
  }
  return { labels, without }
}

function labelOf({ serial, household, claimExpiresMs }: SiteRecord, claim: Claim, withHousehold: boolean): Label {
  const { url, caPem } = claim
  const caFingerprint = toHex(sha256(new X509Certificate(caPem).raw))
  const until = new Date(claimExpiresMs).toISOString().slice(0, 10)
  return {
    serial,
    code: claimText({ url, caFingerprint, claim: claim.claim }),
    lines: [...(withHousehold ? [household] : []), new URL(url).host, `valid until ${until}`],
  }
}

/** The claim in a file if it is the one in force for this gateway, else why there is none to print. */
export function claimOf(store: Store, path: string, serial: string): Claim | string {
  if (!existsSync(path)) return `there is no ${path}: it goes when its claim was used, or is over`
  const read = parseObject(readFileSync(path, 'utf8')) as Partial<Claim> | undefined
  const secret = fromHex(String(read?.claim), 32)
  if (!read || secret === undefined || typeof read.url !== 'string' || typeof read.caPem !== 'string') {
    return `${path} is not a claim`
  }
  if (store.siteByClaim(sha256(secret))?.serial !== serial) return `${path} is not the claim in force: reissue it`
  return read as Claim
}

import { type SigningKey, sameBytes, sha256, toHex, verifySignature } from '@wattfleet/protocol'

/** Something that was done: who, what, when, to which site and gateway. */
export interface AuditEntry {
  /** UTC Unix milliseconds of the wall's clock. */
  readonly atMs: number
  /** Who did it, such as `operator`, `gateway` or `service`. */
  readonly actor: string
  readonly event: string
  readonly site: string
  readonly gateway: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** An entry as it is kept. Its hash covers everything before it. */
export interface AuditRow extends Omit<AuditEntry, 'detail'> {
  /** From 1, without gaps. */
  readonly number: number
  /** The detail as JSON: the very text that was hashed. */
  readonly detail: string
  readonly hash: Uint8Array
}

/** The last entry, signed: without it whoever can write the log could cut its end off, or make all of it anew. */
export interface AuditHead {
  readonly number: number
  readonly hash: Uint8Array
  readonly signature: Uint8Array
}

/** An entry that somebody wrote down elsewhere, from `audit head`: a log that was put back to an older state has lost it. */
export interface AuditAnchor {
  readonly number: number
  readonly hash: string
}

export type AuditVerdict =
  | { readonly ok: true; readonly entries: number }
  /** `number`: the first entry that is not what it was. */
  | { readonly ok: false; readonly number: number; readonly reason: string }

/** What the first entry follows. */
export const AUDIT_START = new Uint8Array(32)

/** SHA-256 over the hash before and the entry's fields as one JSON array, so that no two entries have the same bytes. */
export function auditHash(previous: Uint8Array, row: Omit<AuditRow, 'hash'>): Uint8Array {
  const { number, atMs, actor, event, site, gateway, detail } = row
  return sha256(previous, Buffer.from(JSON.stringify([number, atMs, actor, event, site, gateway, detail]), 'utf8'))
}

export function signHead(key: SigningKey, number: number, hash: Uint8Array): AuditHead {
  return { number, hash, signature: key.sign(headBytes(number, hash)) }
}

/** A text, so that an auditor can check the signature with any tool. */
function headBytes(number: number, hash: Uint8Array): Uint8Array {
  return Buffer.from(`wattfleet audit 1\n${number}\n${toHex(hash)}\n`, 'utf8')
}

/**
 * Whether a log is whole: each entry follows from the one before, the last is the one that was signed, and every anchor is
 * still in it. `rows` in the order of their numbers.
 */
export function verifyAudit(
  rows: Iterable<AuditRow>,
  head: AuditHead | undefined,
  publicKey: Uint8Array,
  anchors: readonly AuditAnchor[] = [],
): AuditVerdict {
  const open = new Map(anchors.map(({ number, hash }) => [number, hash]))
  let previous: { number: number; hash: Uint8Array } = { number: 0, hash: AUDIT_START }
  for (const row of rows) {
    const number = previous.number + 1
    if (row.number !== number) return { ok: false, number, reason: `entry ${number} is missing` }
    const hash = auditHash(previous.hash, row)
    if (!sameBytes(hash, row.hash))
      return { ok: false, number, reason: `entry ${number} was changed, or one before it was` }
    const anchor = open.get(number)
    if (anchor !== undefined && anchor !== toHex(hash)) {
      return {
        ok: false,
        number,
        reason: `entry ${number} is not the one that was written down: the log was made anew`,
      }
    }
    open.delete(number)
    previous = { number, hash }
  }
  const last = previous.number
  if (head === undefined) {
    return last === 0 && open.size === 0
      ? { ok: true, entries: 0 }
      : { ok: false, number: 1, reason: 'the signed head is missing' }
  }
  if (!verifySignature(publicKey, headBytes(head.number, head.hash), head.signature)) {
    return { ok: false, number: head.number, reason: 'the head is not signed by the key of this log' }
  }
  if (head.number > last)
    return { ok: false, number: last + 1, reason: `entries ${last + 1} to ${head.number} are missing` }
  if (head.number < last || !sameBytes(head.hash, previous.hash)) {
    return { ok: false, number: head.number + 1, reason: `the log goes on after its signed head, entry ${head.number}` }
  }
  const [lost] = [...open.keys()].sort((a, b) => a - b)
  if (lost !== undefined) return { ok: false, number: lost, reason: `entry ${lost} was written down and is not there` }
  return { ok: true, entries: last }
}

import { isReason, type Reason } from '../reasons.ts'
import { allOf, type Body, hex } from './fields.ts'

/**
 * The hub's answer to one signed message, by the SHA-256 of its bytes. `ok` means durably stored: the agent may forget
 * it. Otherwise the reason says why it was not stored; a retryable one invites the same bytes again.
 */
export type Receipt = {
  /** SHA-256 of the message's bytes, without signature, hex. */
  readonly hash: string
} & ({ readonly ok: true } | { readonly ok: false; readonly reason: Reason })

export function receiptBody(receipt: Receipt): Body {
  return { ...receipt }
}

export function parseReceipt(body: Body): Receipt | undefined {
  const head = allOf({ hash: hex(body, 'hash', 32) })
  if (head === undefined) return undefined
  if (body.ok === true) return { ...head, ok: true }
  return body.ok === false && isReason(body.reason) ? { ...head, ok: false, reason: body.reason } : undefined
}

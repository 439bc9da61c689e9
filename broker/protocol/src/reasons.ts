/**
 * Why an order was not accepted: the market's closed set, in the order in which the chain encodes it (one byte).
 * `rate-limited`, `store-unavailable` and `chain-unavailable` may be tried again with the same bytes; all others are final.
 */
export const REASONS = [
  'malformed',
  'signature',
  'unknown-gateway',
  'revoked',
  'epoch',
  'conflict',
  'wrong-chain',
  'wrong-community',
  'market-not-open',
  'gate-closed',
  'expired',
  'cap',
  'collateral',
  'debt',
  'deviation',
  'rate-limited',
  'too-large',
  'store-unavailable',
  'chain-unavailable',
] as const

export type Reason = (typeof REASONS)[number]

export function isReason(value: unknown): value is Reason {
  return typeof value === 'string' && (REASONS as readonly string[]).includes(value)
}

/** Whether sending the same bytes again can succeed. */
export function isRetryable(reason: Reason): boolean {
  return reason === 'store-unavailable' || reason === 'chain-unavailable' || reason === 'rate-limited'
}

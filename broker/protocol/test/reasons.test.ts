import { describe, expect, it } from 'vitest'
import { isReason, isRetryable, REASONS } from '../src/reasons.ts'

describe('reasons', () => {
  it('are a closed set whose order never changes: the chain encodes the index', () => {
    expect(REASONS).toEqual([
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
    ])
  })

  it('invite the same bytes again only where time alone can help', () => {
    expect(REASONS.filter(isRetryable)).toEqual(['rate-limited', 'store-unavailable', 'chain-unavailable'])
  })

  it('are told from everything else', () => {
    expect(REASONS.every(isReason)).toBe(true)
    for (const other of ['', 'Cap', 'cap ', 'length', '0', 0, null, undefined, ['cap'], {}]) {
      expect(isReason(other)).toBe(false)
    }
  })
})

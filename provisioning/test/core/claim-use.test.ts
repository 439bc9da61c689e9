import { describe, expect, it } from 'vitest'
import { verdictOn } from '../../src/core/claim-use.ts'
import { LIFE_STATES } from '../../src/core/life.ts'

describe('the verdict on the use of a claim', () => {
  it('lets other keys wait only where a certificate has come of it, the serial is its own, and the policy says so', () => {
    for (const state of LIFE_STATES)
      for (const reset of ['approve', 'same-key', 'never'] as const)
        for (const keys of ['same', 'signing', 'other'] as const)
          for (const [isSpent, isSameSerial] of [
            [true, true],
            [true, false],
            [false, true],
            [false, false],
          ] as const) {
            const verdict = verdictOn({ state, isBound: true, isSpent, isSameSerial, keys }, reset)
            const where = `${state} ${reset} ${keys} ${isSpent} ${isSameSerial}: ${verdict}`
            expect(verdict, where).not.toBe('bind')
            if (verdict === 'again') expect([isSameSerial, keys], where).toEqual([true, 'same'])
            if (verdict === 'hold') {
              expect([isSpent, isSameSerial, keys, reset], where).toEqual([true, true, 'other', 'approve'])
            }
            // nobody who has a certificate is stopped, but where the policy says so or he is stopped already
            if (verdict === 'conflict' && isSpent)
              expect(reset === 'never' || state === 'quarantined', where).toBe(true)
          }
  })
})

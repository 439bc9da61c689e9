import {
  decodeMessage,
  isSignedByItsGateway,
  type Outcome,
  type Receipt,
  sha256,
  type TradeNotice,
  toHex,
} from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SlotEnergy } from '../../src/core/slot-energy.ts'
import type { Draft, HubWord, Outbox, PendingMessage } from '../../src/ports.ts'

const SLOT = 9_900

export function orderDraft(overrides: Partial<Extract<Draft, { type: 'order' }>> = {}): Draft {
  return { type: 'order', side: 'offer', slotStart: SLOT, energyWh: 500, priceMicro: 1, energyTypes: 1, ...overrides }
}

export function energyDraft(overrides: Partial<SlotEnergy> = {}): Draft {
  const slot: SlotEnergy = { slotStart: SLOT, importWh: 3, exportWh: 400, errorWh: 1, quality: 'good', ...overrides }
  return { type: 'energy', slot }
}

export function receipt(message: PendingMessage, reason?: Extract<Receipt, { ok: false }>['reason']): HubWord {
  const { hash } = message
  return { kind: 'receipt', value: reason === undefined ? { hash, ok: true } : { hash, ok: false, reason } }
}

export function outcome(number: number, overrides: Partial<Outcome> = {}): HubWord {
  return { kind: 'outcome', value: { number, epoch: 1, sequence: 1, state: 'expired', tradedWh: 0, ...overrides } }
}

export function trade(number: number, overrides: Partial<TradeNotice> = {}): HubWord {
  const value: TradeNotice = {
    number,
    trade: 70 + number,
    epoch: 1,
    sequence: 1,
    slotStart: SLOT,
    side: 'offer',
    energyWh: 200,
    rateMicro: 120_000,
    ...overrides,
  }
  return { kind: 'trade', value }
}

/** What every outbox must do. `make` opens a fresh one that seals as the fixture's gateway in epoch 1. */
export function outboxContract(name: string, make: () => { outbox: Outbox; remove(): void }): void {
  describe(`outbox contract: ${name}`, () => {
    let outbox: Outbox
    let remove: () => void
    beforeEach(() => {
      ;({ outbox, remove } = make())
    })
    afterEach(() => {
      outbox.close()
      remove()
    })
    const put = (...drafts: Draft[]) => outbox.commit({ drafts, nowMs: 0 })

    it('starts empty', () => {
      expect(outbox.pending(10)).toEqual([])
      expect(outbox.orders(0)).toEqual([])
      expect([outbox.lastNotice(), outbox.clockFloorMs(), outbox.track()]).toEqual([0, 0, undefined])
    })

    it('gives each message the next sequence and a signature over its bytes', () => {
      const messages = [...put(orderDraft(), { type: 'cancel', target: 1 }), ...put(energyDraft())]
      expect(messages.map((message) => [message.sequence, message.kind])).toEqual([
        [1, 'order'],
        [2, 'cancel'],
        [3, 'energy'],
      ])
      for (const message of messages) {
        const decoded = decodeMessage(message.signed.bytes)
        expect(decoded?.type).toBe(message.kind)
        expect(decoded?.value.sequence).toBe(message.sequence)
        expect(decoded && isSignedByItsGateway(decoded, message.signed)).toBe(true)
        expect(message.hash).toBe(toHex(sha256(message.signed.bytes)))
      }
      expect(outbox.pending(10)).toEqual(messages)
      expect(outbox.pending(2)).toEqual(messages.slice(0, 2))
    })

    it('chains energy messages by the hash of the one before', () => {
      const [first, , third] = put(energyDraft(), orderDraft(), energyDraft({ slotStart: SLOT + 900 }))
      const previousOf = (message: PendingMessage | undefined) => {
        const decoded = message && decodeMessage(message.signed.bytes)
        return decoded?.type === 'energy' ? toHex(decoded.value.previous) : undefined
      }
      expect(previousOf(first)).toBe('00'.repeat(32))
      expect(previousOf(third)).toBe(first?.hash)
    })

    it('forgets a message on its receipt only', () => {
      const [a, b] = put(orderDraft(), orderDraft()) as [PendingMessage, PendingMessage]
      expect(outbox.hear([receipt(b)])).toEqual(['applied'])
      expect(outbox.pending(10)).toEqual([a])
      expect(outbox.hear([receipt(b), receipt({ ...a, hash: '00'.repeat(32) })])).toEqual(['known', 'known'])
      expect(outbox.pending(10)).toEqual([a])
      expect(outbox.orders(0).map((order) => order.state)).toEqual(['live', 'live'])
    })

    it('keeps a message that the hub cannot take now, and drops one it never will', () => {
      const [a, b] = put(orderDraft(), orderDraft()) as [PendingMessage, PendingMessage]
      expect(outbox.hear([receipt(a, 'chain-unavailable'), receipt(b, 'collateral')])).toEqual(['postponed', 'applied'])
      expect(outbox.pending(10)).toEqual([a])
      expect(outbox.orders(0).map((order) => order.state)).toEqual(['live', 'rejected'])
    })

    it('does not take a refusal after the receipt', () => {
      const [a] = put(orderDraft()) as [PendingMessage]
      expect(outbox.hear([receipt(a), receipt(a, 'gate-closed')])).toEqual(['applied', 'known'])
      expect(outbox.orders(0)).toMatchObject([{ state: 'live' }])
    })

    it.each([
      { name: 'a refusal, then the receipt', reasons: ['unknown-gateway', undefined] as const },
      { name: 'the receipt, then a refusal', reasons: [undefined, 'unknown-gateway'] as const },
      { name: 'two refusals, then the receipt', reasons: ['unknown-gateway', 'collateral', undefined] as const },
      { name: 'a refusal, the receipt, a refusal', reasons: ['collateral', undefined, 'collateral'] as const },
    ])('believes that an order is stored when one of its copies is: $name', ({ reasons }) => {
      const [a] = put(orderDraft()) as [PendingMessage]
      const effects = reasons.flatMap((reason) => outbox.hear([receipt(a, reason)]))
      expect(effects).toEqual(reasons.map((reason, i) => (i === 0 || reason === undefined ? 'applied' : 'known')))
      expect(outbox.orders(0)).toMatchObject([{ state: 'live' }])
      expect(outbox.pending(10)).toEqual([])
    })

    it('believes that a refused order is stored when it trades', () => {
      const [a] = put(orderDraft()) as [PendingMessage]
      outbox.hear([receipt(a, 'unknown-gateway'), trade(1, { epoch: 2 })])
      expect(outbox.orders(0)).toMatchObject([{ state: 'rejected', tradedWh: 0 }])
      outbox.hear([trade(2)])
      expect(outbox.orders(0)).toMatchObject([{ state: 'live', tradedWh: 200 }])
    })

    it('does not wake an order that has ended by a late receipt after a refusal', () => {
      const [a, b] = put(orderDraft(), orderDraft()) as [PendingMessage, PendingMessage]
      outbox.hear([receipt(a, 'collateral'), receipt(b, 'collateral')])
      outbox.hear([outcome(1, { state: 'rejected' }), outcome(2, { sequence: 2, state: 'expired' })])
      expect(outbox.hear([receipt(a), receipt(b)])).toEqual(['applied', 'applied'])
      expect(outbox.orders(0).map((order) => order.state)).toEqual(['rejected', 'expired'])
    })

    it('takes a receipt after the refusal of a cancel or an energy, once', () => {
      const messages = put(orderDraft(), { type: 'cancel', target: 1 }, energyDraft()).slice(1)
      expect(outbox.hear(messages.map((message) => receipt(message, 'conflict')))).toEqual(['applied', 'applied'])
      expect(outbox.hear(messages.map((message) => receipt(message)))).toEqual(['applied', 'applied'])
      expect(outbox.hear(messages.map((message) => receipt(message)))).toEqual(['known', 'known'])
      expect(outbox.orders(0)).toMatchObject([{ state: 'live', withdrawing: true }])
    })

    it('applies notices without gaps: an older one is known, a later one waits for those before it', () => {
      put(orderDraft())
      expect(outbox.hear([trade(1), trade(1), trade(3), trade(2), trade(3)])).toEqual([
        'applied',
        'known',
        'gap',
        'applied',
        'applied',
      ])
      expect(outbox.lastNotice()).toBe(3)
      expect(outbox.orders(0)).toMatchObject([{ tradedWh: 600, state: 'live' }])
    })

    it('counts a trade once, whatever its number', () => {
      put(orderDraft())
      outbox.hear([trade(1, { trade: 5 }), trade(2, { trade: 5 })])
      expect(outbox.orders(0)).toMatchObject([{ tradedWh: 200 }])
    })

    it('believes the larger of what trades and outcome say was traded', () => {
      put(orderDraft(), orderDraft())
      outbox.hear([outcome(1, { tradedWh: 200 }), trade(2), trade(3, { sequence: 2 }), outcome(4, { sequence: 2 })])
      expect(outbox.orders(0)).toMatchObject([
        { tradedWh: 200, state: 'expired' },
        { tradedWh: 200, state: 'expired' },
      ])
    })

    it('advances over notices about orders it does not know, and over money', () => {
      const settlement = { slotStart: SLOT, soldWh: 1, boughtWh: 0, allocatedSoldWh: 1, allocatedBoughtWh: 0 }
      const words: HubWord[] = [
        outcome(1, { epoch: 8, sequence: 99 }),
        trade(2, { sequence: 99 }),
        {
          kind: 'settlement',
          value: { number: 3, ...settlement, shortfallWh: 0, unusedWh: 0, paidNano: 10n ** 20n, receivedNano: 7n },
        },
        { kind: 'balance', value: { number: 4, freeNano: 10n ** 20n, lockedNano: 0n } },
      ]
      expect(outbox.hear(words)).toEqual(['applied', 'applied', 'applied', 'applied'])
      expect(outbox.lastNotice()).toBe(4)
    })

    it('does not apply what is said of another epoch to an order of this one', () => {
      put(orderDraft())
      outbox.hear([outcome(1, { epoch: 2, tradedWh: 500, state: 'filled' })])
      expect(outbox.orders(0)).toMatchObject([{ state: 'live', tradedWh: 0 }])
    })

    it('marks an order for which a cancel was signed', () => {
      put(orderDraft(), orderDraft(), { type: 'cancel', target: 2 })
      expect(outbox.orders(0).map((order) => order.withdrawing)).toEqual([false, true])
    })

    it('lists the orders of the slots asked for', () => {
      put(orderDraft(), orderDraft({ slotStart: SLOT + 900, side: 'bid', energyWh: 7 }))
      expect(outbox.orders(SLOT + 900)).toEqual([
        {
          sequence: 2,
          side: 'bid',
          slotStart: SLOT + 900,
          energyWh: 7,
          tradedWh: 0,
          state: 'live',
          withdrawing: false,
        },
      ])
    })

    it('keeps the track and a clock floor that never falls', () => {
      const track = { reportedUntilS: 900, last: { atMs: 5, importWh: 1.5, exportWh: 2, stepWh: 1 } }
      outbox.commit({ track, nowMs: 70 })
      outbox.commit({ nowMs: 50 })
      expect([outbox.track(), outbox.clockFloorMs()]).toEqual([track, 70])
    })

    it('numbers connections upwards', () => {
      const numbers = Array.from({ length: 200 }, () => outbox.nextSession())
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
      expect(new Set(numbers).size).toBe(200)
      expect(numbers[0]).toBeGreaterThan(0)
    })

    it('prunes old slots, but nothing without a receipt, and never gives a sequence again', () => {
      const [a, b] = put(orderDraft(), orderDraft(), energyDraft()) as PendingMessage[] as [
        PendingMessage,
        PendingMessage,
      ]
      outbox.hear([receipt(a)])
      outbox.prune(SLOT + 1)
      expect(outbox.orders(0).map((order) => order.sequence)).toEqual([2])
      expect(outbox.pending(10).map((message) => message.sequence)).toEqual([2, 3])
      outbox.hear([receipt(b)])
      outbox.prune(SLOT + 1)
      expect(put(orderDraft())[0]?.sequence).toBe(4)
    })

    it('does all of a commit or nothing', () => {
      expect(() => put(orderDraft(), orderDraft({ energyWh: 2 ** 32 }))).toThrow(RangeError)
      expect([outbox.pending(10), outbox.orders(0)]).toEqual([[], []])
      expect(put(orderDraft())[0]?.sequence).toBe(1)
    })
  })
}

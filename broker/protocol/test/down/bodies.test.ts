import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BalanceNotice, balanceBody, parseBalanceNotice } from '../../src/down/balance.ts'
import { openDown, sealDown } from '../../src/down/envelope.ts'
import type { Body } from '../../src/down/fields.ts'
import { NOTICE_KINDS, parseNumber } from '../../src/down/notice.ts'
import { type Outcome, parseOutcome, TERMINAL_STATES } from '../../src/down/outcome.ts'
import { parseReceipt, type Receipt, receiptBody } from '../../src/down/receipt.ts'
import { parseSettlementNotice, type SettlementNotice, settlementBody } from '../../src/down/settlement.ts'
import { parseTradeNotice, type TradeNotice } from '../../src/down/trade.ts'
import { signingKeyFromSeed } from '../../src/keys.ts'
import { REASONS } from '../../src/reasons.ts'
import { badRows, type FieldKind } from '../support/bad-fields.ts'
import { run } from '../support/bytes.ts'

const hub = signingKeyFromSeed(run(1, 32))

interface Message<T extends object> {
  readonly name: string
  readonly values: fc.Arbitrary<T>
  readonly bodyOf: (value: T) => object
  readonly parse: (body: Body) => T | undefined
  /** What is written by hand: the body on the wire and what it means. */
  readonly sample: { readonly body: Record<string, unknown>; readonly value: T }
  readonly kinds: Readonly<Record<string, FieldKind>>
}

const nano = fc.bigInt({ min: 0n, max: 10n ** 39n - 1n })
const natural = fc.maxSafeNat()
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))

const receipt: Message<Receipt> = {
  name: 'receipt',
  values: fc.oneof(
    fc.record({ hash, ok: fc.constant(true as const) }),
    fc.record({ hash, ok: fc.constant(false as const), reason: fc.constantFrom(...REASONS) }),
  ),
  bodyOf: receiptBody,
  parse: parseReceipt,
  sample: {
    body: { hash: 'ab'.repeat(32), ok: false, reason: 'cap' },
    value: { hash: 'ab'.repeat(32), ok: false, reason: 'cap' },
  },
  kinds: { hash: 'hex32', ok: 'truth' },
}

const outcome: Message<Outcome> = {
  name: 'outcome',
  values: fc
    .record({
      number: natural,
      epoch: natural,
      sequence: natural,
      state: fc.constantFrom(...TERMINAL_STATES),
      tradedWh: natural,
      why: fc.constantFrom(...REASONS),
    })
    .map(({ why, ...rest }) => (rest.state === 'rejected' ? { ...rest, reason: why } : rest)),
  bodyOf: (value) => value,
  parse: parseOutcome,
  sample: {
    body: { number: 1, epoch: 2, sequence: 3, state: 'rejected', tradedWh: 0, reason: 'gate-closed' },
    value: { number: 1, epoch: 2, sequence: 3, state: 'rejected', tradedWh: 0, reason: 'gate-closed' },
  },
  kinds: { number: 'natural', epoch: 'natural', sequence: 'natural', state: 'state', tradedWh: 'natural' },
}

const trade: Message<TradeNotice> = {
  name: 'trade',
  values: fc.record({
    number: natural,
    trade: natural,
    epoch: natural,
    sequence: natural,
    slotStart: natural,
    side: fc.constantFrom('bid' as const, 'offer' as const),
    energyWh: natural,
    rateMicro: natural,
  }),
  bodyOf: (value) => value,
  parse: parseTradeNotice,
  sample: {
    body: { number: 1, trade: 2, epoch: 3, sequence: 4, slotStart: 900, side: 'offer', energyWh: 5, rateMicro: 6 },
    value: { number: 1, trade: 2, epoch: 3, sequence: 4, slotStart: 900, side: 'offer', energyWh: 5, rateMicro: 6 },
  },
  kinds: {
    number: 'natural',
    trade: 'natural',
    epoch: 'natural',
    sequence: 'natural',
    slotStart: 'natural',
    side: 'side',
    energyWh: 'natural',
    rateMicro: 'natural',
  },
}

const SETTLED = {
  number: 1,
  slotStart: 900,
  soldWh: 10,
  boughtWh: 0,
  allocatedSoldWh: 8,
  allocatedBoughtWh: 0,
  shortfallWh: 2,
  unusedWh: 0,
}

const settlement: Message<SettlementNotice> = {
  name: 'settlement',
  values: fc.record({
    number: natural,
    slotStart: natural,
    soldWh: natural,
    boughtWh: natural,
    allocatedSoldWh: natural,
    allocatedBoughtWh: natural,
    shortfallWh: natural,
    unusedWh: natural,
    paidNano: nano,
    receivedNano: nano,
  }),
  bodyOf: settlementBody,
  parse: parseSettlementNotice,
  sample: {
    body: { ...SETTLED, paidNano: '200000', receivedNano: '9007199254740993' },
    value: { ...SETTLED, paidNano: 200_000n, receivedNano: 9_007_199_254_740_993n },
  },
  kinds: {
    number: 'natural',
    slotStart: 'natural',
    soldWh: 'natural',
    boughtWh: 'natural',
    allocatedSoldWh: 'natural',
    allocatedBoughtWh: 'natural',
    shortfallWh: 'natural',
    unusedWh: 'natural',
    paidNano: 'nano',
    receivedNano: 'nano',
  },
}

const balance: Message<BalanceNotice> = {
  name: 'balance',
  values: fc.record({ number: natural, freeNano: nano, lockedNano: nano }),
  bodyOf: balanceBody,
  parse: parseBalanceNotice,
  sample: {
    body: { number: 1, freeNano: '0', lockedNano: '340282366920938463463374607431768211455' },
    value: { number: 1, freeNano: 0n, lockedNano: 2n ** 128n - 1n },
  },
  kinds: { number: 'natural', freeNano: 'nano', lockedNano: 'nano' },
}

function describeMessage<T extends object>({ name, values, bodyOf, parse, sample, kinds }: Message<T>): void {
  describe(name, () => {
    it('is on the wire as written by hand', () => {
      expect(JSON.parse(JSON.stringify(bodyOf(sample.value)))).toEqual(sample.body)
      expect(parse(sample.body)).toEqual(sample.value)
    })

    it('comes back whole from what the hub sealed', () => {
      fc.assert(
        fc.property(values, (value) => {
          const opened = openDown(sealDown(bodyOf(value), hub), hub.publicKey)
          expect(opened && parse(opened)).toEqual(value)
        }),
      )
    })

    it.each(badRows(sample.body, kinds))('is undefined with only $field wrong: $value', ({ bad }) => {
      expect(parse(bad)).toBeUndefined()
    })

    it('leaves out what it does not know', () => {
      expect(parse({ ...sample.body, later: 1 })).toEqual(sample.value)
    })

    it('never throws, whatever JSON was signed', () => {
      const names = Object.keys(sample.body)
      const anyBody = fc.record(Object.fromEntries(names.map((key) => [key, fc.jsonValue()])))
      fc.assert(
        fc.property(anyBody, (body) => {
          const parsed = parse(body as Body)
          if (parsed !== undefined) expect(parse(bodyOf(parsed) as Body)).toEqual(parsed)
        }),
      )
    })
  })
}

describe('down messages', () => {
  describeMessage(receipt)
  describeMessage(outcome)
  describeMessage(trade)
  describeMessage(settlement)
  describeMessage(balance)

  it('has a row here for every numbered notice', () => {
    expect(NOTICE_KINDS).toEqual(['outcome', 'trade', 'settlement', 'balance'])
    for (const { body } of [outcome.sample, trade.sample, settlement.sample, balance.sample]) {
      expect(parseNumber(body)).toBe(1)
    }
  })

  it.each(badRows({ number: 1 }, { number: 'natural' }))('has no number where it is $value', ({ bad }) => {
    expect(parseNumber(bad)).toBeUndefined()
  })
})

describe('the reason of a refusal', () => {
  const refused = { hash: 'ab'.repeat(32), ok: false }
  it.each([undefined, null, '', 'because', 'Cap', 3, ['cap']])('of a receipt is never %j', (reason) => {
    expect(parseReceipt({ ...refused, reason })).toBeUndefined()
  })

  it('is not kept in a receipt that says ok', () => {
    expect(parseReceipt({ ...refused, ok: true, reason: 'cap' })).toEqual({ hash: refused.hash, ok: true })
  })

  const ended = { number: 1, epoch: 2, sequence: 3, tradedWh: 0 }
  it.each(TERMINAL_STATES)('stands with the outcome "%s" exactly when it is a rejection', (state) => {
    expect(parseOutcome({ ...ended, state, reason: 'cap' }) !== undefined).toBe(state === 'rejected')
    expect(parseOutcome({ ...ended, state }) !== undefined).toBe(state !== 'rejected')
  })

  it.each([null, '', 'because', 3])('of a rejected outcome is never %j', (reason) => {
    expect(parseOutcome({ ...ended, state: 'rejected', reason })).toBeUndefined()
  })
})

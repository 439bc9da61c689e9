import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ExchangeEvent } from '@wattfleet/chain'
import { parseBalanceNotice, parseOutcome, parseSettlementNotice, parseTradeNotice } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type MemoryInbox, memoryInbox } from '../../src/adapters/inbox-memory.ts'
import { openInbox } from '../../src/adapters/inbox-sqlite.ts'
import { memoryIndex } from '../../src/adapters/index-memory.ts'
import { openIndex } from '../../src/adapters/index-sqlite.ts'
import { indexBlock } from '../../src/orderbook/follow.ts'
import type { IndexStore } from '../../src/orderbook/rows.ts'
import { candidate, temporaryFolder } from '../support/inboxes.ts'
import { memoryChain } from '../support/memory-chain.ts'
import { script } from '../support/script.ts'
import { CHAIN_ID, COMMUNITY, house, OPEN_S, RULES, SLOT, signedOrder } from '../support/street.ts'

const HOUSES = ['ada', 'ben', 'cy'].map(house)

function noticesOf(inbox: MemoryInbox) {
  return HOUSES.map(({ gateway }) => {
    // every house once said something, so that the log has a route for it
    inbox.sent(new Map([[gateway, Number.MAX_SAFE_INTEGER]]))
    return inbox.sentAfter(gateway, 0, 100_000).map(({ number, kind, body }) => ({ number, kind, body }))
  })
}

/** An inbox that has heard of every house, so that notices have somewhere to go. */
function inboxWithRoutes(): MemoryInbox
function inboxWithRoutes<T extends MemoryInbox>(inbox: T): T
function inboxWithRoutes(inbox = memoryInbox()): MemoryInbox {
  for (const of of HOUSES) {
    inbox.commit(
      [
        candidate(of, signedOrder(of, { sequence: 9_999_999, side: 'offer', slotStart: SLOT + 9000 }), {
          entersUntilS: Number.MAX_SAFE_INTEGER,
        }),
      ],
      [],
    )
  }
  return inbox
}

const anySteps = fc.array(fc.nat(999), { minLength: 1, maxLength: 40 })

describe('notices', () => {
  it('are the same, with the same numbers, however often the index is deleted or the process dies in between', () => {
    fc.assert(
      fc.property(anySteps, fc.array(fc.nat(30), { maxLength: 4 }), (steps, deaths) => {
        const { all } = script(steps)
        const straight = inboxWithRoutes()
        const index = memoryIndex()
        for (const block of all) indexBlock(index, straight, block)
        const expected = noticesOf(straight)

        const inbox = inboxWithRoutes()
        for (const death of [...deaths, all.length]) {
          const again = memoryIndex()
          for (const block of all.slice(0, death)) indexBlock(again, inbox, block)
          const next = all[death]
          if (next === undefined) continue
          // the inbox has committed the block, the index has not: the process died between the two
          const dying: IndexStore = {
            transact: (change) =>
              again.transact((rows) => {
                change(rows)
                throw new Error('killed')
              }),
          }
          expect(() => indexBlock(dying, inbox, next)).toThrow('killed')
        }
        expect(noticesOf(inbox)).toEqual(expected)
      }),
      { numRuns: 30 },
    )
  })

  it('that were acknowledged and forgotten come not again, and the rest keeps its numbers, when the index is made anew', () => {
    fc.assert(
      fc.property(anySteps, fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }), (steps, ends) => {
        const { all } = script(steps)
        const never = HOUSES.map((of) => candidate(of, signedOrder(of, { sequence: 7001, side: 'bid' })))
        const straight = inboxWithRoutes()
        straight.commit(never, [])
        const index = memoryIndex()
        for (const block of all) indexBlock(index, straight, block)
        const expected = noticesOf(straight)

        const inbox = inboxWithRoutes(openInbox(':memory:'))
        inbox.commit(never, [])
        for (const end of [...ends, all.length]) {
          const again = memoryIndex()
          for (const block of all.slice(0, end)) indexBlock(again, inbox, block)
          noticesOf(inbox).forEach((notices, at) => {
            const [{ wire, gateway } = house('')] = HOUSES.slice(at)
            const status = {
              gateway,
              epoch: 1,
              lastNotice: notices.at(-1)?.number ?? 0,
              clockMs: 0,
              importW: 0,
              exportW: 0,
              clock: 'trusted' as const,
              findings: [],
            }
            inbox.commit([], [{ wire, receivedMs: 0, status: { ...status, meter: 'good' } }])
          })
          inbox.prune(again.head()?.timestampS ?? 0, again.unsettled(COMMUNITY))
        }
        noticesOf(inbox).forEach((notices, at) => {
          expect(notices).toEqual(expected[at]?.filter(({ number }) => notices.some((kept) => kept.number === number)))
          expect(notices.at(-1)).toEqual(expected[at]?.at(-1))
        })
        inbox.close()
      }),
      { numRuns: 30 },
    )
  })

  it('are numbered without gaps, can be read by those they are for, and end each order once', () => {
    const PARSERS = {
      outcome: parseOutcome,
      trade: parseTradeNotice,
      settlement: parseSettlementNotice,
      balance: parseBalanceNotice,
    }
    fc.assert(
      fc.property(anySteps, (steps) => {
        const inbox = inboxWithRoutes()
        const index = memoryIndex()
        const chain = script(steps)
        for (const block of chain.all) indexBlock(index, inbox, block)
        for (const notices of noticesOf(inbox)) {
          expect(notices.map(({ number }) => number)).toEqual(notices.map((_, at) => at + 1))
          for (const { number, kind, body } of notices) {
            expect(PARSERS[kind](JSON.parse(JSON.stringify({ ...body, number })))).toBeDefined()
          }
        }
        const ends = noticesOf(inbox).flatMap((notices, at) =>
          notices.filter(({ kind }) => kind === 'outcome').map(({ body }) => `${at}/${body.sequence}`),
        )
        expect(new Set(ends).size).toBe(ends.length)
        expect(ends.length).toBe(index.rows.orders.all().filter(({ state }) => state !== 'open').length)
      }),
      { numRuns: 30 },
    )
  })

  it('tell a gateway of an order that another hub relayed', () => {
    const inbox = inboxWithRoutes()
    const index = memoryIndex()
    for (const block of script([3, 3, 3]).all) indexBlock(index, inbox, block)
    const outcomes = noticesOf(inbox)
      .flat()
      .filter(({ kind }) => kind === 'outcome')
    expect(outcomes.map(({ body }) => body.state)).toContain('expired')
  })

  it('tell a new gateway what its member owns', () => {
    const [ada] = HOUSES
    if (!ada) throw new Error('ada')
    const inbox = inboxWithRoutes()
    const index = memoryIndex()
    const chain = memoryChain(CHAIN_ID, RULES)
    chain.setSite({ site: ada.site, member: ada.member, zone: 0, capImportWh: 1, capExportWh: 1 })
    chain.issue(ada.member, 77n)
    indexBlock(index, inbox, chain.produce(OPEN_S))
    expect(noticesOf(inbox)[0]).toEqual([])
    chain.enrol(ada.site, ada.gateway)
    indexBlock(index, inbox, chain.produce(OPEN_S + 6))
    expect(noticesOf(inbox)[0]).toEqual([{ number: 1, kind: 'balance', body: { freeNano: '77', lockedNano: '0' } }])
  })
})

describe('the index made anew from block 0', () => {
  it('has the very same rows, orders that never entered included', () => {
    const [ada] = HOUSES
    if (!ada) throw new Error('ada')
    const { all: before } = script([3, 7, 9, 13, 6, 10, 12, 16, 300, 640, 641, 643, 18, 0, 1])
    const last = before.at(-1)
    if (!last) throw new Error('no block')
    const challenged: ExchangeEvent = {
      type: 'site-challenged',
      ...{ community: COMMUNITY, slotStart: SLOT, site: ada.site, engine: 'e7'.repeat(32) },
      ...{ named: { epoch: 1, sequence: 9 }, answerBy: SLOT + 200_000 },
    }
    const all = [...before, { ...last, number: last.number + 1, events: [challenged] }]
    const inbox = memoryInbox()
    const never = [7001, 7002].map((sequence) => candidate(ada, signedOrder(ada, { sequence, side: 'bid' })))
    inbox.commit(never, [])
    const path = join(temporaryFolder(), 'index.sqlite')
    const rowsOf = () => {
      const index = openIndex(path)
      // where the file was deleted it begins at block 0, otherwise there is nothing left to follow
      for (const block of all.slice((index.head()?.number ?? -1) + 1)) indexBlock(index, inbox, block)
      index.close()
      const file = new Database(path, { readonly: true })
      const tables = file.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").pluck().all()
      const dump = tables.map((table) => [table, file.prepare(`SELECT * FROM "${table}"`).all()] as const)
      file.close()
      return new Map(dump as [string, Record<string, unknown>[]][])
    }
    const first = rowsOf()
    expect(rowsOf()).toEqual(first)
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
    expect(rowsOf()).toEqual(first)
    expect([...first.values()].every((rows) => rows.length > 0)).toBe(true)
    expect(first.get('orders')?.filter((row) => Number(row.sequence) > 7000)).toMatchObject([
      { state: 'expired', block: null, community: COMMUNITY },
      { state: 'expired', block: null },
    ])
  })

  it('stops at a balance that would be negative: a wrong sum must not travel', () => {
    const index = memoryIndex()
    const events = [{ type: 'locked', account: 'aa'.repeat(32), amountNano: 1n }] as const
    expect(() => indexBlock(index, memoryInbox(), { number: 0, hash: '00'.repeat(32), timestampS: 0, events })).toThrow(
      /negative/,
    )
    expect(index.head()).toBeUndefined()
  })
})

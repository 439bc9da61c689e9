import { describe, expect, it } from 'vitest'
import type { MemoryInbox } from '../../src/adapters/inbox-memory.ts'
import { openInbox } from '../../src/adapters/inbox-sqlite.ts'
import type { BlockRecord, NewNotice } from '../../src/ports.ts'
import { candidate, INBOXES, temporaryFolder } from '../support/inboxes.ts'
import { COMMUNITY, house, OPEN_S, SLOT, signedCancel, signedEnergy, signedOrder } from '../support/street.ts'

const ada = house('ada')
const ben = house('ben')
const cy = house('cy')

function block(number: number, overrides: Partial<BlockRecord> = {}): BlockRecord {
  return { number, timestampS: SLOT - 3600, entered: [], ended: [], rejected: [], notices: [], ...overrides }
}
const nowhere = () => false

function order(sequence: number, rest: Parameters<typeof candidate>[2] = {}, of = ada, overrides = {}) {
  return candidate(of, signedOrder(of, { sequence, side: 'offer', ...overrides }), rest)
}

function note(gateway: string, about: string): NewNotice {
  return { gateway, about, kind: 'balance', body: { about } }
}

/** All that was ever said to a gateway, as the log tells it. */
function said(inbox: MemoryInbox, gateway: string) {
  inbox.sent(new Map([[gateway, Number.MAX_SAFE_INTEGER]]))
  return inbox.sentAfter(gateway, 0, 1000)
}

describe.each(INBOXES)('inbox: %s', (_, make) => {
  it('stores once, tells the same bytes from others, and keeps the order of a group', () => {
    const inbox = make()
    const first = order(1)
    const other = order(1, {}, ada, { energyWh: 7 })
    expect(inbox.commit([first, first, other, order(2)], [])).toEqual(['stored', 'duplicate', 'conflict', 'stored'])
    expect(inbox.commit([first], [])).toEqual(['duplicate'])
    expect(inbox.hashOf(first.id)).toBe(first.hash)
    expect(inbox.hashOf(order(9).id)).toBeUndefined()
    expect(inbox.waiting(10, 0).map(({ id }) => id)).toEqual([first.id, order(2).id])
  })

  it('one identity is one message, whatever its kind', () => {
    const inbox = make()
    expect(inbox.commit([order(1)], [])).toEqual(['stored'])
    expect(inbox.commit([candidate(ada, signedCancel(ada, { sequence: 1, target: 9 }))], [])).toEqual(['conflict'])
  })

  it('caps what a site may have in one slot and on one side', () => {
    const inbox = make()
    const wh = (sequence: number, energyWh: number, more = {}) => order(sequence, {}, ada, { energyWh, ...more })
    expect(inbox.commit([wh(1, 3000), wh(2, 2001), wh(3, 2000)], [])).toEqual(['stored', 'cap', 'stored'])
    expect(inbox.commit([wh(4, 5000, { slotStart: SLOT + 900 }), wh(5, 5000, { side: 'bid' })], [])).toEqual([
      'stored',
      'stored',
    ])
    // in place of the first: 3000 are free again, and what is replaced counts no more
    expect(inbox.commit([wh(6, 3001, { replaces: 1 }), wh(7, 3000, { replaces: 1 })], [])).toEqual(['cap', 'stored'])
    expect(inbox.commit([wh(8, 1)], [])).toEqual(['cap'])
    // the third ends with half of it traded
    inbox.record(block(1, { entered: [wh(3, 2000).id], ended: [{ id: wh(3, 2000).id, tradedWh: 1000 }] }), nowhere)
    expect(inbox.commit([wh(9, 1001), wh(10, 1000)], [])).toEqual(['cap', 'stored'])
  })

  it('hands a message to the relay until it is in a block, and again when its submission died', () => {
    const inbox = make()
    const [a, b] = [order(1), candidate(ada, signedCancel(ada, { sequence: 2, target: 1 }))]
    const energy = candidate(ada, signedEnergy(ada, { sequence: 3 }))
    inbox.commit([a, b, energy], [])
    expect(inbox.waiting(10, 0).map(({ signed }) => signed)).toEqual([a.signed, b.signed])
    expect(inbox.waiting(1, 0).map(({ id }) => id)).toEqual([a.id])
    inbox.claim([a.id, b.id])
    expect(inbox.waiting(10, 0)).toEqual([])
    expect(inbox.claimed()).toEqual([a.id, b.id])
    inbox.release([a.id, b.id])
    expect(inbox.waiting(10, 0).map(({ id }) => id)).toEqual([a.id, b.id])
    inbox.claim([a.id])
    inbox.relayed([a.id])
    expect(inbox.waiting(10, 0).map(({ id }) => id)).toEqual([b.id])
    expect(inbox.claimed()).toEqual([])
  })

  it('does not hand over what can no longer enter', () => {
    const inbox = make()
    inbox.commit([order(1, { entersUntilS: 100 })], [])
    expect(inbox.waiting(10, 100)).toHaveLength(1)
    expect(inbox.waiting(10, 101)).toEqual([])
  })

  it('ends what was shut out by the time of a block, once, also when the block comes again', () => {
    const inbox = make()
    const [late, entered, known] = [order(1), order(2), order(3)]
    inbox.commit([late, entered, known], [])
    const shut = block(5, { entered: [entered.id], timestampS: SLOT - 299 })
    expect(inbox.record(block(4, { timestampS: SLOT - 300 }), nowhere)).toEqual([])
    for (let round = 0; round < 2; round++) {
      const endings = inbox.record(shut, (id) => id === known.id)
      expect(endings.map(({ id, state }) => [id, state])).toEqual([[late.id, 'expired']])
    }
    expect(inbox.record(block(6, { timestampS: SLOT }), nowhere)).toEqual([])
    expect(said(inbox, ada.gateway)).toEqual([
      {
        gateway: ada.gateway,
        number: 1,
        kind: 'outcome',
        body: { epoch: 1, sequence: 1, state: 'expired', tradedWh: 0 },
      },
    ])
  })

  it('ends what the relay refused with the next block, once, unless that is on the chain all the same', () => {
    const inbox = make()
    const [refused, elsewhere, taken] = [order(1), order(2), order(3)]
    const cancel = candidate(ada, signedCancel(ada, { sequence: 4, target: 1 }))
    inbox.commit([refused, elsewhere, taken, cancel], [])
    inbox.claim([taken.id])
    inbox.refuse([refused.id, elsewhere.id, taken.id, cancel.id], 'revoked')
    // neither what is on its way nor what is taken back
    expect(inbox.claimed()).toEqual([taken.id])
    expect(inbox.waiting(10, 0).map(({ id, type, gateway }) => [id, type, gateway])).toEqual([
      [cancel.id, 'cancel', ada.gateway],
    ])
    // a row that waits no more is not given back either
    inbox.release([taken.id])
    for (let round = 0; round < 2; round++) {
      const endings = inbox.record(block(3, { timestampS: SLOT }), (id) => id === elsewhere.id)
      expect(endings.filter(({ state }) => state === 'rejected')).toMatchObject([{ id: refused.id, reason: 'revoked' }])
    }
    expect(inbox.record(block(4, { timestampS: SLOT }), nowhere)).toEqual([])
    expect(said(inbox, ada.gateway).map(({ body }) => body)).toMatchObject([
      { sequence: 1, state: 'rejected', reason: 'revoked', tradedWh: 0 },
      { sequence: 3, state: 'expired' },
    ])
    // the room that it took is free again
    expect(inbox.commit([order(9, {}, ada, { energyWh: 4000 })], [])).toEqual(['stored'])
  })

  it('rejects by the hash of the bytes, once, and never what has entered', () => {
    const inbox = make()
    const [bad, entered, elsewhere] = [order(1), order(2), order(3)]
    inbox.commit([bad, entered, elsewhere], [])
    inbox.record(block(1, { entered: [entered.id] }), nowhere)
    const rejected = [bad, entered, elsewhere].map(({ hash }) => ({ hash, reason: 'collateral' as const }))
    for (let round = 0; round < 2; round++) {
      const endings = inbox.record(block(2, { rejected }), (id) => id === elsewhere.id)
      expect(endings.map(({ id, state, reason }) => [id, state, reason])).toEqual([[bad.id, 'rejected', 'collateral']])
    }
    expect(inbox.waiting(10, 0).map(({ id }) => id)).toEqual([elsewhere.id])
    expect(said(inbox, ada.gateway).map(({ body }) => body)).toEqual([
      { epoch: 1, sequence: 1, state: 'rejected', tradedWh: 0, reason: 'collateral' },
    ])
  })

  it('numbers notices per gateway from 1 without gaps, and takes none twice', () => {
    const inbox = make()
    inbox.commit([order(1), order(1, {}, ben)], [])
    const notices = [note(ada.gateway, 'x'), note(ben.gateway, 'x'), note(ada.gateway, 'y')]
    inbox.record(block(1, { notices }), nowhere)
    inbox.record(block(1, { notices }), nowhere)
    inbox.record(block(2, { notices: [note(ada.gateway, 'y'), note(ada.gateway, 'z')] }), nowhere)
    expect(said(inbox, ada.gateway).map(({ number, body }) => [number, body.about])).toEqual([
      [1, 'x'],
      [2, 'y'],
      [3, 'z'],
    ])
    expect(said(inbox, ben.gateway).map(({ number }) => number)).toEqual([1])
  })

  it('says what is due where there is a route, and again what came after a number', () => {
    const inbox = make()
    inbox.record(block(1, { notices: ['a', 'b', 'c'].map((about) => note(ada.gateway, about)) }), nowhere)
    expect(inbox.due(10)).toEqual([])
    inbox.commit([order(1)], [])
    expect(inbox.due(2).map(({ wire, number }) => [wire, number])).toEqual([
      [ada.wire, 1],
      [ada.wire, 2],
    ])
    inbox.sent(new Map([[ada.gateway, 2]]))
    expect(inbox.due(10).map(({ number }) => number)).toEqual([3])
    expect(inbox.sentAfter(ada.gateway, 0, 10).map(({ number }) => number)).toEqual([1, 2])
    expect(inbox.sentAfter(ada.gateway, 1, 10).map(({ number }) => number)).toEqual([2])
    expect(inbox.sentAfter(ada.gateway, 0, 1).map(({ number }) => number)).toEqual([1])
  })

  it('learns a route from what is stored for the first time and is the latest, from nothing else', () => {
    const inbox = make()
    inbox.commit([order(5)], [])
    expect(inbox.route(ada.gateway)).toBe(ada.wire)
    // the same message again by another gateway, which read it on the chain
    expect(inbox.commit([order(5, { wire: ben.wire })], [])).toEqual(['duplicate'])
    expect(inbox.commit([order(4, { wire: ben.wire })], [])).toEqual(['stored'])
    expect(inbox.route(ada.gateway)).toBe(ada.wire)
    inbox.commit([order(6, { wire: ben.wire })], [])
    expect(inbox.route(ada.gateway)).toBe(ben.wire)
  })

  it('gives the readings of a slot, those of a site in the order in which they replace each other', () => {
    const inbox = make()
    const reading = (of = ada, sequence = 1, rest = {}) => candidate(of, signedEnergy(of, { sequence, ...rest }))
    const wanted = reading(ada, 12, { exportWh: 5 })
    inbox.commit(
      [reading(ada, 3), wanted, reading(ada, 7), reading(ben), reading(ben, 2, { slotStart: SLOT + 900 })],
      [],
    )
    const all = inbox.ofSlot(COMMUNITY, SLOT)
    const sequencesOf = (of: typeof ada) => all.filter(({ site }) => site === of.site).map((one) => one.energy.sequence)
    expect([sequencesOf(ada), sequencesOf(ben)]).toEqual([[3, 7, 12], [1]])
    expect(all).toHaveLength(4)
    expect(all.findLast(({ site }) => site === ada.site)?.signed).toEqual(wanted.signed)
    expect(inbox.ofSlot(COMMUNITY + 1, SLOT)).toEqual([])
  })

  it('stores no more than 16 readings of a site for a slot; a new key has room of its own', () => {
    const inbox = make()
    const reading = (sequence: number, rest = {}) => candidate(ada, signedEnergy(ada, { sequence, ...rest }))
    const readings = Array.from({ length: 17 }, (_, i) => reading(i + 1, { exportWh: i }))
    expect(inbox.commit(readings, []).map((stored, i) => [i, stored])).toEqual(
      readings.map((_, i) => [i, i < 16 ? 'stored' : 'cap']),
    )
    expect(inbox.ofSlot(COMMUNITY, SLOT).at(-1)?.energy.exportWh).toBe(15)
    expect(
      inbox.commit([reading(18, { slotStart: SLOT + 900 }), reading(1, { epoch: 2 }), ...readings.slice(0, 1)], []),
    ).toEqual(['stored', 'stored', 'duplicate'])
  })

  it('lets 128 cancels of a gateway wait for the chain, until they are relayed or too late', () => {
    const inbox = make()
    const cancel = (sequence: number, rest: Parameters<typeof candidate>[2] = {}, of = ada) =>
      candidate(of, signedCancel(of, { sequence, target: 1 }), rest)
    const cancels = Array.from({ length: 128 }, (_, i) => cancel(i + 2))
    expect(new Set(inbox.commit([order(1), order(1, {}, ben), ...cancels], []))).toEqual(new Set(['stored']))
    expect(inbox.commit([cancel(200), cancel(2), cancel(2, {}, ben)], [])).toEqual([
      'rate-limited',
      'duplicate',
      'stored',
    ])
    inbox.claim([cancel(2).id])
    expect(inbox.commit([cancel(200)], [])).toEqual(['rate-limited'])
    inbox.relayed([cancel(2).id])
    expect(inbox.commit([cancel(200), cancel(201)], [])).toEqual(['stored', 'rate-limited'])
    expect(inbox.commit([cancel(201, { receivedMs: (SLOT - 299) * 1000, entersUntilS: SLOT })], [])).toEqual(['stored'])
  })

  it('takes a cancel from the wire name of its key, from another only where it has what is cancelled', () => {
    const inbox = make()
    const cancel = (sequence: number, target: number, wire = ada.wire) =>
      candidate(ada, signedCancel(ada, { sequence, target }), { wire })
    expect(inbox.commit([cancel(2, 1)], [])).toEqual(['rate-limited'])
    expect(inbox.route(ada.gateway)).toBeUndefined()
    inbox.commit([order(1)], [])
    expect(inbox.commit([cancel(3, 9), cancel(4, 9, ben.wire), cancel(5, 1, ben.wire)], [])).toEqual([
      'stored',
      'rate-limited',
      'stored',
    ])
  })

  it('keeps a plan until it is dropped', () => {
    const inbox = make()
    const plan = {
      community: 1,
      slotStart: SLOT,
      root: 'ab',
      allocations: [{ trade: 1, allocatedWh: 2 }],
      deviations: [],
    }
    expect(inbox.load(1, SLOT)).toBeUndefined()
    inbox.save(plan)
    expect(inbox.load(1, SLOT)).toEqual(plan)
    inbox.drop(1, SLOT)
    expect(inbox.load(1, SLOT)).toBeUndefined()
  })
})

describe('inbox on disk', () => {
  it('is all there after it was closed, with write-ahead log and full synchronisation', () => {
    const path = `${temporaryFolder()}/inbox.sqlite`
    const before = openInbox(path)
    before.commit([order(1)], [{ wire: ada.wire, receivedMs: 1, status: statusOf(ada.gateway) }])
    before.claim([order(1).id])
    before.keepFact('chain', 'c1')
    before.close()
    const after = openInbox(path)
    expect(after.db.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(after.db.pragma('synchronous', { simple: true })).toBe(2)
    expect(after.claimed()).toEqual([order(1).id])
    expect(after.fact('chain')).toBe('c1')
    expect(after.statusOf(ada.gateway)).toEqual(statusOf(ada.gateway))
    expect(after.waitingForChain()).toBe(1)
    after.close()
  })

  it('believes no status that comes from another wire name than the key has', () => {
    const inbox = openInbox(`${temporaryFolder()}/inbox.sqlite`)
    inbox.commit([order(1)], [{ wire: ben.wire, receivedMs: 1, status: statusOf(ada.gateway) }])
    expect(inbox.statusOf(ada.gateway)).toBeUndefined()
    inbox.close()
  })

  it('forgets what nothing can come of any more, and nothing else', () => {
    const inbox = openInbox(`${temporaryFolder()}/inbox.sqlite`)
    const [done, open, later] = [order(1), order(2), order(3, { entersUntilS: SLOT })]
    inbox.commit([done, open, later], [])
    inbox.record(block(1, { rejected: [done, later].map(({ hash }) => ({ hash, reason: 'cap' as const })) }), nowhere)
    inbox.prune(SLOT - 299, [])
    expect([done, open, later].map(({ id }) => inbox.hashOf(id) !== undefined)).toEqual([false, true, true])
    inbox.close()
  })

  it('forgets old notices once they are acknowledged: numbers go on, and a block that comes again says nothing new', () => {
    const inbox = openInbox(`${temporaryFolder()}/inbox.sqlite`)
    const bad = order(1)
    inbox.commit([bad, order(2), order(1, {}, ben), order(1, {}, cy)], [])
    const blocks = [1, 2, 3].map((number) =>
      block(number, {
        timestampS: OPEN_S + number,
        rejected: number === 1 ? [{ hash: bad.hash, reason: 'cap' }] : [],
        notices: [ada, ben, cy].map(({ gateway }) => note(gateway, `in ${number}`)),
      }),
    )
    for (const one of blocks) inbox.record(one, nowhere)
    for (const { gateway } of [ada, ben, cy]) inbox.sent(new Map([[gateway, gateway === ben.gateway ? 1 : 4]]))
    const status = (gateway: string, wire: string, lastNotice = 4) => {
      inbox.commit([], [{ wire, receivedMs: 1, status: { ...statusOf(gateway), lastNotice } }])
    }
    const numbers = ({ gateway }: typeof ada) => said(inbox, gateway).map(({ number }) => number)
    status(ada.gateway, ada.wire)
    status(ben.gateway, ben.wire)
    status(cy.gateway, 'of another')
    inbox.prune(OPEN_S + 3, [])
    // the last block is young, the outcome's message is still here, ben was sent but one, cy said nothing
    expect([ada, ben, cy].map(numbers)).toEqual([
      [2, 4],
      [1, 2, 3],
      [1, 2, 3],
    ])
    inbox.prune(OPEN_S + 4, [])
    expect(numbers(ada)).toEqual([2, 4])
    for (const one of blocks) inbox.record(one, nowhere)
    inbox.record(block(4, { notices: [note(ada.gateway, 'in 4')] }), nowhere)
    expect(numbers(ada)).toEqual([2, 4, 5])
    inbox.close()
  })

  it('forgets the old plans of settled slots, but not before the readings that they settle by', () => {
    const inbox = openInbox(`${temporaryFolder()}/inbox.sqlite`)
    inbox.commit([candidate(ada, signedEnergy(ada, { sequence: 1 }), { entersUntilS: SLOT + 9_000 })], [])
    const slots = [SLOT, SLOT + 900, SLOT + 1800]
    for (const slotStart of slots) {
      inbox.save({ community: COMMUNITY, slotStart, root: 'ab', deviations: [] })
    }
    const kept = () => slots.map((slot) => inbox.load(COMMUNITY, slot) !== undefined)
    inbox.prune(SLOT + 2700, [SLOT + 900])
    expect(kept()).toEqual([true, true, false])
    inbox.prune(SLOT + 9_001, [SLOT + 900])
    expect(kept()).toEqual([false, true, false])
    inbox.close()
  })

  it('keeps the notices of a file from before they had an age', () => {
    const path = `${temporaryFolder()}/inbox.sqlite`
    const before = openInbox(path)
    before.commit([order(1)], [{ wire: ada.wire, receivedMs: 1, status: { ...statusOf(ada.gateway), lastNotice: 9 } }])
    before.record(block(1, { notices: [note(ada.gateway, 'x'), note(ada.gateway, 'y')] }), nowhere)
    before.db.exec(
      'DROP INDEX notices_by_age; ALTER TABLE notices DROP COLUMN at_s; ALTER TABLE notices DROP COLUMN block',
    )
    before.close()
    const after = openInbox(path)
    expect(said(after, ada.gateway)).toHaveLength(2)
    after.prune(Number.MAX_SAFE_INTEGER, [])
    after.record(block(1, { notices: [note(ada.gateway, 'x'), note(ada.gateway, 'y')] }), nowhere)
    expect(said(after, ada.gateway)).toHaveLength(2)
    after.close()
  })

  it('refuses a file of another layout', () => {
    const path = `${temporaryFolder()}/inbox.sqlite`
    const inbox = openInbox(path)
    inbox.db.pragma('user_version = 99')
    inbox.close()
    expect(() => openInbox(path)).toThrow(/layout 99, expected 1/)
  })
})

const SOUND = { clock: 'trusted', meter: 'good', findings: [] as string[] } as const

function statusOf(gateway: string) {
  return { gateway, epoch: 1, lastNotice: 0, clockMs: 5, ...SOUND, importW: 0, exportW: 7 }
}

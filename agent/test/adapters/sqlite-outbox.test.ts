import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeMessage, Fault } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteOutbox } from '../../src/adapters/sqlite-outbox.ts'
import { signer, testSeal } from '../support/fixtures.ts'
import { energyDraft, orderDraft, outboxContract, outcome, receipt, trade } from '../support/outbox-contract.ts'

function folder() {
  const path = mkdtempSync(join(tmpdir(), 'outbox-'))
  return { path, remove: () => rmSync(path, { recursive: true }) }
}

outboxContract('sqlite', () => {
  const { path, remove } = folder()
  return { outbox: openSqliteOutbox(join(path, 'outbox.sqlite'), testSeal(), signer()), remove }
})

describe('openSqliteOutbox', () => {
  let dir: ReturnType<typeof folder>
  let path: string
  beforeEach(() => {
    dir = folder()
    path = join(dir.path, 'outbox.sqlite')
  })
  afterEach(() => dir.remove())

  it('finds everything again after it was closed', () => {
    const first = openSqliteOutbox(path, testSeal(), signer())
    const [a, b] = first.commit({
      drafts: [orderDraft(), energyDraft()],
      track: { reportedUntilS: 900 },
      nowMs: 123,
    })
    first.hear([trade(1), outcome(2, { state: 'expired', tradedWh: 200 })])
    first.close()
    const again = openSqliteOutbox(path, testSeal(), signer())
    expect(again.pending(10)).toEqual([a, b])
    expect(again.orders(0)).toMatchObject([{ sequence: 1, tradedWh: 200, state: 'expired' }])
    expect([again.lastNotice(), again.clockFloorMs(), again.track()]).toEqual([2, 123, { reportedUntilS: 900 }])
    const [next] = again.commit({ drafts: [energyDraft({ slotStart: 10_800 })], nowMs: 124 })
    const decoded = next && decodeMessage(next.signed.bytes)
    expect(decoded?.value.sequence).toBe(3)
    expect(decoded?.type === 'energy' && Buffer.from(decoded.value.previous).toString('hex')).toBe(b?.hash)
    again.close()
  })

  it('goes on counting in a new epoch, with a new chain of energies and the old positions', () => {
    const first = openSqliteOutbox(path, testSeal(), signer())
    first.commit({ drafts: [orderDraft(), energyDraft()], nowMs: 1 })
    first.close()
    const again = openSqliteOutbox(path, testSeal({ epoch: 2 }), signer({ epoch: 2 }))
    const [next] = again.commit({ drafts: [energyDraft()], nowMs: 2 })
    const decoded = next && decodeMessage(next.signed.bytes)
    expect(decoded?.value).toMatchObject({ sequence: 3, epoch: 2, previous: new Uint8Array(32) })
    again.hear([trade(1, { epoch: 1 })])
    expect(again.orders(0)).toMatchObject([{ sequence: 1, tradedWh: 200 }])
    again.close()
  })

  it('gives no connection the number of one before, also after a power cut', () => {
    const first = openSqliteOutbox(path, testSeal(), signer())
    const given = [first.nextSession(), first.nextSession()]
    // another opens it while the first is not closed: as after a power cut
    const second = openSqliteOutbox(path, testSeal(), signer())
    given.push(second.nextSession())
    expect(given).toEqual([...given].sort((a, b) => a - b))
    expect(new Set(given).size).toBe(3)
    first.close()
    second.close()
  })

  it('counts the notices of each key for itself, and a trade that is told under both once', () => {
    const first = openSqliteOutbox(path, testSeal(), signer())
    first.commit({ drafts: [orderDraft()], nowMs: 1 })
    first.hear([trade(1), trade(2)])
    first.close()
    const changed = openSqliteOutbox(path, testSeal({ epoch: 2 }), signer({ epoch: 2, gateway: 'ee'.repeat(32) }))
    expect(changed.lastNotice()).toBe(0)
    expect(changed.hear([trade(2), trade(1), trade(2, { trade: 90 })])).toEqual(['gap', 'applied', 'applied'])
    expect(changed.orders(0)).toMatchObject([{ tradedWh: 600 }])
    changed.close()
    const back = openSqliteOutbox(path, testSeal(), signer())
    expect(back.lastNotice()).toBe(2)
    back.close()
  })

  it('keeps a write-ahead log, so that a reader never blocks a commit', () => {
    openSqliteOutbox(path, testSeal(), signer()).close()
    const db = new Database(path)
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
    db.close()
  })

  it('leaves nothing of a commit that failed in its middle', () => {
    const outbox = openSqliteOutbox(path, testSeal(), signer())
    expect(() => outbox.commit({ drafts: [orderDraft(), orderDraft({ energyWh: -1 })], nowMs: 5 })).toThrow(RangeError)
    expect([outbox.pending(10), outbox.orders(0), outbox.clockFloorMs()]).toEqual([[], [], 0])
    expect(outbox.commit({ drafts: [orderDraft()], nowMs: 6 })[0]?.sequence).toBe(1)
    outbox.close()
  })

  it.each([
    { name: 'a file of another version', make: () => new Database(path).exec('PRAGMA user_version = 99').close() },
    { name: 'a file that is no database', make: () => writeFileSync(path, 'x'.repeat(4096)) },
  ])('refuses $name by naming it', ({ make }) => {
    make()
    expect(() => openSqliteOutbox(path, testSeal(), signer())).toThrow(Fault)
    expect(() => openSqliteOutbox(path, testSeal(), signer())).toThrow(path)
  })

  it('says that the store is full, keeps what was there, and goes on', () => {
    const outbox = openSqliteOutbox(path, testSeal(), signer(), { mostPages: 20 })
    const [message] = outbox.commit({ drafts: [orderDraft()], nowMs: 1 })
    const flood = Array.from({ length: 400 }, () => orderDraft())
    expect(() => outbox.commit({ drafts: flood, nowMs: 2 })).toThrow(expect.objectContaining({ code: 'store' }))
    expect(outbox.pending(10)).toEqual([message])
    expect(message && outbox.hear([receipt(message)])).toEqual(['applied'])
    outbox.close()
  })
})

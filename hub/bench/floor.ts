import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeOrder, type Order, sha256, signingKeyFromSeed, verifySignature } from '@wattfleet/protocol'
import Database from 'better-sqlite3'

/**
 * The least that any intake must do for an order: check the signature, store the bytes under their hash in a durable
 * transaction of the same size, sign an answer. What intake takes beyond this is its own.
 */
export function measureFloor(orders: number, groupSize = 256): number {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-bench-'))
  const db = new Database(join(folder, 'floor.sqlite'))
  try {
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.exec('CREATE TABLE messages (hash BLOB PRIMARY KEY, bytes BLOB NOT NULL, signature BLOB NOT NULL)')
    const insert = db.prepare('INSERT INTO messages VALUES (?, ?, ?)')
    const key = signingKeyFromSeed(new Uint8Array(32).fill(7))
    const messages = Array.from({ length: orders }, (_, sequence) => {
      const bytes = encodeOrder(orderOf(key.publicKey, sequence))
      return { bytes, signature: key.sign(bytes) }
    })
    const start = performance.now()
    for (let at = 0; at < orders; at += groupSize) {
      const group = messages.slice(at, at + groupSize)
      const rows = group.flatMap(({ bytes, signature }) =>
        verifySignature(key.publicKey, bytes, signature) ? [{ hash: sha256(bytes), bytes, signature }] : [],
      )
      db.transaction(() => {
        for (const { hash, bytes, signature } of rows) insert.run(hash, bytes, signature)
      })()
      for (const { hash } of rows) key.sign(hash)
    }
    return Math.round(orders / ((performance.now() - start) / 1000))
  } finally {
    db.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function orderOf(gateway: Uint8Array, sequence: number): Order {
  const [chain, energyWh, priceMicro] = [new Uint8Array(32), 100, 250_000]
  const market = { community: 1, kind: 'spot', side: 'bid', slotStart: 1_800_000_000, expiresAt: 0 } as const
  return { chain, gateway, epoch: 1, sequence, ...market, energyWh, priceMicro, energyTypes: 0 }
}

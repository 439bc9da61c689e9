import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CommunityRules,
  DEFAULT_RULES,
  downTopic,
  gatewayIdFrom,
  manualClock,
  receiptBody,
  sealDown,
  signingKeyFromSeed,
  signMessage,
  toHex,
  toPayload,
} from '@wattfleet/protocol'
import { openInbox } from '../src/adapters/inbox-sqlite.ts'
import { createIntake, type Incoming } from '../src/intake/intake.ts'
import type { Registry } from '../src/ports.ts'

/** What was measured: orders taken in, and how long it took. */
export interface IntakeFigures {
  readonly orders: number
  readonly seconds: number
  readonly ordersPerSecond: number
  readonly groupSize: number
}

const COMMUNITY = 1
const SLOT = 1_800_000_000
const RULES: CommunityRules = { ...DEFAULT_RULES, community: COMMUNITY }
const GATEWAYS = 200

function bytes(length: number, from: number): Uint8Array {
  const out = new Uint8Array(length)
  new DataView(out.buffer).setUint32(0, from)
  return out
}

/**
 * Orders per second through intake alone, in this process: decoding, signature, duplicates, cap, durable commit (SQLite,
 * synchronous FULL, on the temporary folder's disk), and the signed receipt. No broker, no network, no chain.
 */
export function measureIntake(orders: number, groupSize = 256): IntakeFigures {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-bench-'))
  const inbox = openInbox(join(folder, 'inbox.sqlite'))
  try {
    const chain = new Uint8Array(32).fill(1)
    const senders = Array.from({ length: GATEWAYS }, (_, i) => ({
      key: signingKeyFromSeed(bytes(32, i)),
      wire: gatewayIdFrom(bytes(16, i)),
      site: toHex(bytes(16, i)),
    }))
    const entries = new Map(
      senders.map(({ key, site }) => {
        const gateway = toHex(key.publicKey)
        const caps = { capImportWh: 1e9, capExportWh: 1e9 }
        return [gateway, { gateway, site, community: COMMUNITY, epoch: 1, revoked: false, ...caps }] as const
      }),
    )
    const registry: Registry = {
      gateway: (key) => entries.get(key),
      rules: () => RULES,
      head: () => ({ number: 1, hash: '', timestampS: SLOT }),
    }
    const messages = Array.from({ length: orders }, (_, i): Incoming => {
      const { key, wire } = senders[i % GATEWAYS] ?? { key: signingKeyFromSeed(bytes(32, 0)), wire: '' }
      const value = {
        ...{ chain, community: COMMUNITY, gateway: key.publicKey, epoch: 1, sequence: i + 1 },
        ...({ kind: 'spot', side: i % 2 === 0 ? 'bid' : 'offer', slotStart: SLOT + 900 * (i % 90) } as const),
        ...{ energyWh: 100, priceMicro: 250_000, expiresAt: 0, energyTypes: 0 },
      }
      return { wire, kind: 'order', payload: toPayload(signMessage({ type: 'order', value }, key)) }
    })
    const intake = createIntake({
      chain,
      community: COMMUNITY,
      inbox,
      registry,
      isStopped: () => false,
      finalizedBlock: () => 1,
      clock: manualClock((SLOT - 1800) * 1000),
      rate: { perSecond: 1e9, burst: 1e9 },
      monotonicMs: () => performance.now(),
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    })
    const hubKey = signingKeyFromSeed(bytes(32, 77))
    let sent = 0
    const start = performance.now()
    for (let at = 0; at < messages.length; at += groupSize) {
      for (const { wire, receipt } of intake.process(messages.slice(at, at + groupSize), [])) {
        if (!receipt.ok) throw new Error(`refused: ${receipt.reason}`)
        sent += downTopic(wire, 'receipt').length + sealDown(receiptBody(receipt), hubKey).length > 0 ? 1 : 0
      }
    }
    const seconds = (performance.now() - start) / 1000
    if (sent !== orders) throw new Error(`${sent} receipts for ${orders} orders`)
    return { orders, seconds, ordersPerSecond: Math.round(orders / seconds), groupSize }
  } finally {
    inbox.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(`${JSON.stringify(measureIntake(Number(process.argv[2] ?? 10_000)))}\n`)
}

import { type DownKind, encodeDeath, encodeStatus, Fault, fromHex, messageOf, toHex } from '@wattfleet/protocol'
import { createBell } from './bell.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { createInbox } from './inbox.ts'
import type { HubWord, LinkEvents, Session } from './ports.ts'
import { createReader } from './reader.ts'
import { createSender } from './sender.ts'
import { survivingStore } from './surviving-store.ts'

const STATUS_EVERY_MS = 60_000
/** Between two statuses, of the wall: gaps in the notices come in bursts. */
const STATUS_GAP_MS = 1_000
/** Words of the hub that arrive within this time share one transaction. */
const GATHER_MS = 20
const IDLE_MS = 3_600_000
/** Corrections by official values end after 60 days; until then the house can show what it signed. */
const KEEP_S = 60 * 86_400
const PRUNE_EVERY_S = 86_400

/**
 * Runs one enrolled gateway until aborted. `ready` is called when it is connected and has tried to read its meter once.
 * Rejects only for what no retry can help; a silent device, a lost connection and a failing store are waited out.
 */
export async function runGateway(parts: GatewayParts, signal: AbortSignal, ready: () => void): Promise<void> {
  await trustedClock(parts, signal)
  const all = new AbortController()
  const stop = () => all.abort()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const { loops, started } = createGateway(parts)
  const running = loops.map((loop) => loop(all.signal))
  void started.then(() => {
    if (!all.signal.aborted) ready()
  })
  try {
    await Promise.all(running)
  } finally {
    stop()
    await Promise.allSettled(running)
    signal.removeEventListener('abort', stop)
  }
}

/** A computer without a battery clock boots in the past: nothing is read or signed before the last known moment. */
async function trustedClock({ clock, outbox, log }: GatewayParts, signal: AbortSignal): Promise<void> {
  const floorMs = outbox.clockFloorMs()
  if (clock.nowMs() >= floorMs) return
  log.warn({ clockMs: clock.nowMs(), floorMs }, 'the clock is behind what was already seen: waiting for it')
  await clock.until(floorMs, signal)
}

type Loop = (signal: AbortSignal) => Promise<void>

function createGateway(parts: GatewayParts): { loops: readonly Loop[]; started: Promise<unknown> } {
  const { clock, steady, transport, outbox, log, identity } = parts
  const { grant } = identity
  const statusBell = createBell()
  const connected = Promise.withResolvers<void>()
  const sender = createSender(outbox, transport, parts.random, log)
  const reader = createReader(parts, sender.wake, statusBell.ring)
  const listener = createListener(parts, sender.settled, statusBell.ring)
  const us = { gateway: toHex(identity.key.publicKey), epoch: grant.epoch }
  let session: Session | undefined
  /** Of the connection in use, and of the one that was begun last: the one in use goes on until another is up. */
  let number: number | undefined
  let begun: number | undefined

  /** A connection is not put off because the store fails: then it has no number, and leaves no will. */
  function numberConnection(): Uint8Array | undefined {
    begun = undefined
    try {
      begun = outbox.nextSession()
      return encodeDeath({ ...us, session: begun })
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'store') throw error
      log.error({ error: messageOf(error) }, 'the store failed: this connection has no number')
      return undefined
    }
  }

  function publishStatus(): void {
    const { power } = reader.metering()
    const status = {
      ...us,
      ...(number !== undefined && { session: number }),
      lastNotice: outbox.lastNotice(),
      clockMs: clock.nowMs(),
      clock: reader.isClockTrusted() ? ('trusted' as const) : ('doubted' as const),
      meter: power === undefined ? ('missing' as const) : ('good' as const),
      importW: Math.round(power?.importW ?? 0),
      exportW: Math.round(power?.exportW ?? 0),
      findings: parts.findings.standing(),
      ...parts.remote?.standing(),
    }
    session?.publish('status', encodeStatus(status))
  }

  async function tell(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await survivingStore(log, publishStatus)
      await transport.until(transport.nowMs() + STATUS_GAP_MS, signal)
      await statusBell.wait(steady, steady.nowMs() + STATUS_EVERY_MS, signal)
    }
  }

  /** By what the reader believed and committed, not by the clock: one that is years ahead would have everything forgotten. */
  function prune(): void {
    outbox.prune(Math.floor(outbox.clockFloorMs() / 1000) - KEEP_S)
  }

  function atSlot(slotStart: number): void {
    reader.wake()
    if (slotStart % PRUNE_EVERY_S === 0) void survivingStore(log, prune)
  }

  const events: LinkEvents = {
    opening: numberConnection,
    up(next) {
      session = next
      number = begun
      sender.up(next)
      statusBell.ring()
      connected.resolve()
    },
    down() {
      session = undefined
      sender.down()
    },
    message(kind, payload) {
      if (kind === 'config' || kind === 'command') parts.remote?.hear(kind, payload)
      else listener.message(kind, payload)
    },
  }
  const view = { meterGoodMs: reader.goodMs, askMeter: reader.ask, tell: statusBell.ring }
  return {
    loops: [
      reader.run,
      listener.run,
      sender.run,
      tell,
      (signal) => parts.scheduler.everySlot(grant.rules.slotLengthS, atSlot, signal),
      (signal) => parts.link.run(events, signal),
      async (signal) => parts.remote?.run(view, signal),
    ],
    started: Promise.all([connected.promise, reader.tried]),
  }
}

/** Applies what the hub says. `onReceipt`: a message is settled; `onGap`: a notice before the last one is missing. */
function createListener(
  { transport, outbox, log, identity }: GatewayParts,
  onReceipt: (hash: string) => void,
  onGap: () => void,
) {
  const inbox = createInbox(fromHex(identity.grant.hubKey, 32) as Uint8Array, toHex(identity.key.publicKey))
  const bell = createBell()

  function hear(words: readonly HubWord[]): void {
    const effects = outbox.hear(words)
    for (const [i, word] of words.entries()) {
      const effect = effects[i]
      if (effect === 'gap') onGap()
      if (effect !== 'applied') continue
      if (word.kind === 'receipt') onReceipt(word.value.hash)
      log.info({ kind: word.kind, ...printable(word.value) }, 'the hub said')
    }
  }

  return {
    message(kind: DownKind, payload: Uint8Array): void {
      const taken = inbox.take(kind, payload)
      if (taken === 'taken') bell.ring()
      else if (taken !== 'ignored') log.warn({ kind, bytes: payload.length }, `a message from the hub is ${taken}`)
    },
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        await bell.wait(transport, transport.nowMs() + IDLE_MS, signal)
        await transport.until(transport.nowMs() + GATHER_MS, signal)
        const words = inbox.drain()
        if (words.length > 0) await survivingStore(log, () => hear(words))
      }
    },
  }
}

/** Money travels as decimal text: JSON knows no bigint. */
function printable(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, typeof field === 'bigint' ? String(field) : field]),
  )
}

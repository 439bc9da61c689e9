import { type Clock, toPayload } from '@wattfleet/protocol'
import { createBell } from './bell.ts'
import { type BackoffRules, backoffMs } from './core/backoff.ts'
import type { Log, Outbox, Session } from './ports.ts'
import { survivingStore } from './surviving-store.ts'

/** Unreceipted messages that are on their way at one time: a hub that comes back is not flooded by what waited. */
export const SEND_WINDOW = 32
/** How long a receipt may take before the message is published again, and the longest it is left alone. */
const RESEND: BackoffRules = { firstMs: 4_000, mostMs: 60_000 }
/** With nothing to send, look again this seldom: a ring comes long before. */
const IDLE_MS = 3_600_000

/** Publishes what is in the outbox until each message has its receipt. */
export interface Sender {
  up(session: Session): void
  down(): void
  /** There is something new to send. */
  wake(): void
  /** The hub answered for this message: it is gone from the outbox. */
  settled(hash: string): void
  /** Returns when aborted. */
  run(signal: AbortSignal): Promise<void>
}

/** `transport` is real time: how long a network may take has nothing to do with slots. `random` in [0, 1). */
export function createSender(outbox: Outbox, transport: Clock, random: () => number, log: Log): Sender {
  const bell = createBell()
  const tries = new Map<string, { count: number; dueMs: number }>()
  let session: Session | undefined

  /** Sends what is due and says when the next is. */
  function pump(): number {
    const nowMs = transport.nowMs()
    let nextMs = nowMs + IDLE_MS
    if (session === undefined) return nextMs
    for (const message of outbox.pending(SEND_WINDOW)) {
      const before = tries.get(message.hash) ?? { count: 0, dueMs: nowMs }
      if (before.dueMs <= nowMs) {
        session.publish(message.kind, toPayload(message.signed))
        const dueMs = nowMs + backoffMs(before.count, random(), RESEND)
        tries.set(message.hash, { count: before.count + 1, dueMs })
        nextMs = Math.min(nextMs, dueMs)
      } else {
        nextMs = Math.min(nextMs, before.dueMs)
      }
    }
    return nextMs
  }

  return {
    up(next) {
      session = next
      // on a new connection everything is due: what was on the old one may be lost
      tries.clear()
      bell.ring()
    },
    down() {
      session = undefined
    },
    wake: bell.ring,
    settled(hash) {
      tries.delete(hash)
      bell.ring()
    },
    async run(signal) {
      while (!signal.aborted) {
        let nextMs = transport.nowMs() + RESEND.firstMs
        await survivingStore(log, () => {
          nextMs = pump()
        })
        await bell.wait(transport, nextMs, signal)
      }
    },
  }
}

import {
  addresseeOf,
  type DownKind,
  openDown,
  parseBalanceNotice,
  parseOutcome,
  parseReceipt,
  parseSettlementNotice,
  parseTradeNotice,
} from '@wattfleet/protocol'
import type { HubWord } from './ports.ts'

/** Words waiting to be applied. Beyond it they are dropped: receipts come again with the message, notices with the status. */
export const INBOX_LIMIT = 1_000

/** What the hub said, read and verified, waiting for one transaction. */
export interface Inbox {
  /** `ignored`: of a kind not handled here; `unreadable`: not signed by the hub, or not what its topic says; `full`. */
  take(kind: DownKind, payload: Uint8Array): 'taken' | 'ignored' | 'unreadable' | 'full'
  drain(): readonly HubWord[]
}

/** `hubKey`: the raw public key that signs receipts and notices. `gateway`: this gateway's own key, hex. */
export function createInbox(hubKey: Uint8Array, gateway: string): Inbox {
  let words: HubWord[] = []
  return {
    take(kind, payload) {
      if (kind === 'market' || kind === 'config' || kind === 'command') return 'ignored'
      if (words.length >= INBOX_LIMIT) return 'full'
      const body = openDown(payload, hubKey)
      // a receipt is bound to its message by the hash; a notice says whom it is for
      if (body !== undefined && kind !== 'receipt' && addresseeOf(body) !== gateway) return 'unreadable'
      const word = body && parseWord(kind, body)
      if (word === undefined) return 'unreadable'
      words.push(word)
      return 'taken'
    },
    drain() {
      const taken = words
      words = []
      return taken
    },
  }
}

type HeardKind = Exclude<DownKind, 'market' | 'config' | 'command'>

function parseWord(kind: HeardKind, body: Record<string, unknown>): HubWord | undefined {
  switch (kind) {
    case 'receipt': {
      const value = parseReceipt(body)
      return value && { kind, value }
    }
    case 'outcome': {
      const value = parseOutcome(body)
      return value && { kind, value }
    }
    case 'trade': {
      const value = parseTradeNotice(body)
      return value && { kind, value }
    }
    case 'settlement': {
      const value = parseSettlementNotice(body)
      return value && { kind, value }
    }
    case 'balance': {
      const value = parseBalanceNotice(body)
      return value && { kind, value }
    }
  }
}

import { Fault, pause } from '@wattfleet/protocol'
import { inTime } from './in-time.ts'
import type { Identity, Session } from './session.ts'

/** A finalized head; its hash with 0x. */
export interface Head {
  readonly number: number
  readonly hash: string
}

export const numberOf = (header: { readonly number: string }) => Number.parseInt(header.number, 16)

export async function finalizedOf({ request }: Session): Promise<Head> {
  const hash = await request<string>('chain_getFinalizedHead', [])
  const header = await request<{ readonly number: string }>('chain_getHeader', [hash])
  return { number: numberOf(header), hash }
}

/** Between two looks at a node that is behind. */
const LOOK_AGAIN_MS = 500

const nameOf = (identity: Identity | undefined) => `${identity?.chainId} (genesis ${identity?.genesisHash})`

/** Which chain this is and how far it is final, whichever node said so. It does not change, and does not go back. */
export class Truth {
  /** What the first node said. */
  #identity: Identity | undefined
  #highest: Head | undefined
  /** When the highest head was first heard of, on the process's monotonic clock. */
  heardAtMs = performance.now()

  /** Takes a finalized head of a verified node for known. Yields the highest: answers may come in another order than asked. */
  note(head: Head): Head {
    if (this.#highest !== undefined && head.number <= this.#highest.number) return this.#highest
    this.#highest = head
    this.heardAtMs = performance.now()
    return head
  }

  /** Number of the highest finalized head. */
  get height(): number | undefined {
    return this.#highest?.number
  }

  /**
   * Rejects with Fault `chain` where a node does not serve this chain: for good where it serves another, or another history
   * of it; retryable where it is behind and does not catch up in time.
   */
  async verify(session: Session, catchUpMs: number, stop: AbortSignal): Promise<void> {
    const { endpoint, identity } = session
    const { genesisHash, chainId } = this.#identity ?? identity
    if (identity.genesisHash !== genesisHash || identity.chainId !== chainId) {
      throw new Fault('chain', `${endpoint} serves chain ${nameOf(identity)}, not ${nameOf(this.#identity)}`)
    }
    const deadlineMs = performance.now() + catchUpMs
    for (;;) {
      const why = await this.#whyBehind(session)
      if (why === undefined) break
      if (stop.aborted || session.over.aborted || performance.now() >= deadlineMs) {
        throw new Fault('chain', `${endpoint} is behind: ${why}`, { retryable: true })
      }
      await pause(LOOK_AGAIN_MS, stop)
    }
    await this.#requireSameHistory(session)
    this.#identity = identity
  }

  async #whyBehind(session: Session): Promise<string | undefined> {
    const { endpoint } = session
    const { number } = await inTime(finalizedOf(session), `finalized head of ${endpoint}`)
    const asked = session.request<{ readonly isSyncing?: boolean }>('system_health', [])
    const { isSyncing } = await inTime(asked, `health of ${endpoint}`)
    const highest = this.#highest?.number ?? 0
    if (number < highest) return `at block ${number}, ${highest} is final`
    return isSyncing ? `syncing, at block ${number}` : undefined
  }

  /** What was final is final: a node that has another block in its place has another history. */
  async #requireSameHistory({ endpoint, request }: Session): Promise<void> {
    const highest = this.#highest
    if (highest === undefined) return
    const hash = await inTime(request<string | null>('chain_getBlockHash', [highest.number]), `history of ${endpoint}`)
    if (hash === highest.hash) return
    throw new Fault('chain', `${endpoint} has block ${hash} at ${highest.number}, where ${highest.hash} was final`)
  }
}

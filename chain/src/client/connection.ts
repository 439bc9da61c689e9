import { Fault, messageOf, pause } from '@wattfleet/protocol'
import { inTime } from './in-time.ts'
import { FINALIZED_HEADS, openSession, RENEWED, type Session, UPGRADED } from './session.ts'
import { finalizedOf, type Head, numberOf, Truth } from './truth.ts'
import { createWakers } from './wakers.ts'

/** How often the finalized head is asked for when no subscription says that it moved. */
const POLL_MS = 2_000

/** How long a node is waited for, milliseconds. */
export interface Patience {
  /** Between two attempts to connect. */
  readonly reconnectMs: number
  /** How often a node is asked whether it is there at all. */
  readonly watchMs: number
  /** One that does not answer that in time is left for the next. */
  readonly signOfLifeMs: number
  /** A node that is behind what is known to be final may catch up so long, then the next is tried. */
  readonly catchUpMs: number
  /** Where finality stands still for so long, another node may know more. */
  readonly stalledMs: number
}

const PATIENCE: Patience = {
  reconnectMs: 1_000,
  watchMs: 5_000,
  signOfLifeMs: 15_000,
  catchUpMs: 20_000,
  stalledMs: 60_000,
}

/** One connection to the chain, over whichever node answers: the only ApiPromise of a process at any moment. */
export interface ChainConnection {
  /**
   * Asks the node that is connected; where it goes away meanwhile, the next one, so a question must bear being asked
   * twice. Throws a retryable Fault `chain` where there is no answer in time, and a permanent one where no endpoint serves
   * this chain.
   */
  ask<T>(what: string, question: (session: Session) => Promise<T>): Promise<T>
  /** Resolves with a finalized head of at least this number; rejects with Fault `chain` when aborted. */
  headFrom(number: number, signal: AbortSignal): Promise<Head>
  /** The finalized head now, never lower than one that was yielded before. */
  head(): Promise<Head>
  /** Resolves when there is a new finalized head or another node, when aborted, or after so long. */
  moved(signal: AbortSignal, mostMs: number): Promise<void>
  /** Whoever waits for a finalized head asks for it now. */
  look(): void
  /** Ends the session with this node, for the next one; `why` is told. */
  leave(why: string): void
  /** Ends the session with this node, for another one with it. */
  renew(): void
  /** The finalized head that the node told of last, while there is a connection. */
  finalizedBlock(): number | undefined
  close(): Promise<void>
}

/** What became of an endpoint, for whoever keeps the log. A refused one is not tried again. */
export type OnNode = (endpoint: string, fate: 'connected' | 'lost' | 'refused', why: string) => void

class Connection implements ChainConnection {
  #endpoints: readonly string[]
  #onNode: OnNode
  #patience: Patience
  #closing = new AbortController()
  #current: Session | undefined
  #failed: Fault | undefined
  #truth = new Truth()
  #told: number | undefined
  #refused = new Map<string, Fault>()
  #fates = new Map<string, string>()
  #wakers = createWakers()
  #running: Promise<void>

  constructor(endpoints: readonly string[], signal: AbortSignal, onNode: OnNode, patience: Patience) {
    this.#endpoints = endpoints
    this.#onNode = onNode
    this.#patience = patience
    this.#running = this.#keepConnected(AbortSignal.any([signal, this.#closing.signal]))
  }

  async ask<T>(what: string, question: (session: Session) => Promise<T>): Promise<T> {
    // who gave up waiting must not ask when the node is back
    const late = new AbortController()
    const answer = async () => {
      for (;;) {
        const session = await this.session(late.signal)
        try {
          return await question(session)
        } catch (error) {
          if (!session.over.aborted) throw error
        }
      }
    }
    try {
      return await inTime(answer(), what)
    } finally {
      late.abort()
    }
  }

  /** The session there is, or the next one. */
  async session(signal: AbortSignal): Promise<Session> {
    while (this.#current === undefined || this.#current.over.aborted) {
      if (this.#failed !== undefined) throw this.#failed
      if (signal.aborted) throw new Fault('chain', 'stopped while waiting for the chain')
      await this.#wakers.next(signal)
    }
    return this.#current
  }

  head(): Promise<Head> {
    return this.ask('finalized head', async (session) => {
      const here = await finalizedOf(session)
      // an answer that comes after its session's end is another node's: the next may be behind it
      if (session.over.aborted) throw new Fault('chain', 'the node went away', { retryable: true })
      const known = this.#truth.note(here)
      if (here.number < known.number) {
        throw new Fault('chain', `the node is at block ${here.number}, ${known.number} is final`, { retryable: true })
      }
      return known
    })
  }

  async headFrom(number: number, signal: AbortSignal): Promise<Head> {
    while (!signal.aborted) {
      const waking = this.#wakers.next(signal, POLL_MS)
      try {
        const head = await this.head()
        if (head.number >= number) return head
      } catch (error) {
        if (!(error instanceof Fault && error.retryable)) throw error
      }
      await waking
    }
    throw new Fault('chain', 'stopped while waiting for a finalized block')
  }

  moved(signal: AbortSignal, mostMs: number): Promise<void> {
    return this.#wakers.next(signal, mostMs)
  }

  look(): void {
    this.#wakers.wake()
  }

  leave(why: string): void {
    this.#current?.end(why)
  }

  renew(): void {
    this.#current?.end(RENEWED)
  }

  finalizedBlock(): number | undefined {
    const height = this.#truth.height ?? this.#told
    return this.#current === undefined || height === undefined ? undefined : Math.max(height, this.#told ?? 0)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #keepConnected(stop: AbortSignal): Promise<void> {
    for (let at = 0; !stop.aborted; at = (at + 1) % this.#endpoints.length) {
      const open = this.#endpoints.filter((endpoint) => !this.#refused.has(endpoint))
      if (open.length === 0) {
        this.#failed = new Fault('chain', [...this.#refused.values()].map(messageOf).join('; '))
        break
      }
      const endpoint = this.#endpoints[at]
      if (endpoint === undefined || this.#refused.has(endpoint)) continue
      let session = await this.#open(endpoint, this.#patience.catchUpMs, stop)
      while (session !== undefined) session = await this.#live(session, stop)
      await pause(this.#patience.reconnectMs, stop)
    }
    if (stop.aborted) this.#failed ??= new Fault('chain', 'stopped: the connection to the chain is closed')
    this.#wakers.wake()
  }

  /** A session that serves this chain and knows what is final; undefined where there is none to be had. */
  async #open(endpoint: string, catchUpMs: number, stop: AbortSignal): Promise<Session | undefined> {
    let session: Session | undefined
    try {
      session = await openSession(endpoint, stop)
      await this.#truth.verify(session, catchUpMs, stop)
      return session
    } catch (error) {
      session?.end('not used')
      if (stop.aborted) return undefined
      const isRefused = error instanceof Fault && !error.retryable
      if (isRefused) this.#refused.set(endpoint, error)
      this.#tell(endpoint, isRefused ? 'refused' : 'lost', messageOf(error))
      return undefined
    }
  }

  /** Serves by this session until it is over. Yields the one to go on with, where that is known already. */
  async #live(session: Session, stop: AbortSignal): Promise<Session | undefined> {
    const { endpoint, api, over } = session
    this.#current = session
    this.#tell(endpoint, 'connected', `runtime ${api.runtimeVersion.specVersion}`)
    this.#wakers.wake()
    // the subscription only wakes: what is finalized is always asked for
    const heads = session.subscribe<{ readonly number: string }>(FINALIZED_HEADS, (header) => {
      this.#told = Math.max(this.#told ?? 0, numberOf(header))
      this.#wakers.wake()
    })
    heads.catch(() => session.end('no subscription'))
    const close = () => session.end('closed')
    const { signal: closing } = this.#closing
    if (closing.aborted) close()
    closing.addEventListener('abort', close, { once: true })
    let next: Session | undefined
    while (!over.aborted) {
      await pause(this.#patience.watchMs, over)
      // whoever stops may have last questions, and no other node will be looked for
      if (stop.aborted) continue
      try {
        const here = await inTime(finalizedOf(session), 'a sign of life', this.#patience.signOfLifeMs)
        next = await this.#aheadOf(here, session, stop)
      } catch {
        session.end('no sign of life')
      }
      if (next !== undefined) session.end('finality stands still')
    }
    closing.removeEventListener('abort', close)
    this.#current = undefined
    if (stop.aborted) {
      next?.end('stopped')
      return undefined
    }
    if (over.reason !== RENEWED) this.#tell(endpoint, 'lost', String(over.reason))
    const isSameNode = over.reason === UPGRADED || over.reason === RENEWED
    return next ?? (isSameNode ? this.#open(endpoint, this.#patience.catchUpMs, stop) : undefined)
  }

  /** Once for each turn: a node that is away is tried every second. */
  #tell(endpoint: string, fate: Parameters<OnNode>[1], why: string): void {
    if (this.#fates.get(endpoint) === fate) return
    this.#fates.set(endpoint, fate)
    this.#onNode(endpoint, fate, why)
  }

  /** Another node that knows of more, where this one's finality has stood still for long. */
  async #aheadOf(here: Head, { endpoint, over }: Session, stop: AbortSignal): Promise<Session | undefined> {
    this.#truth.note(here)
    if (performance.now() - this.#truth.heardAtMs < this.#patience.stalledMs) return undefined
    this.#truth.heardAtMs = performance.now()
    for (const other of this.#endpoints) {
      if (other === endpoint || over.aborted || this.#refused.has(other)) continue
      const session = await this.#open(other, 0, AbortSignal.any([stop, over]))
      const there = session && (await inTime(finalizedOf(session), 'its head').catch(() => undefined))
      // this one may have gone on meanwhile
      const known = Math.max(here.number, this.#truth.height ?? 0)
      if (there !== undefined && there.number > known) return session
      session?.end('not ahead')
    }
    return undefined
  }
}

/**
 * Connects to the first of the endpoints that answers and serves the chain, and keeps doing so until aborted; waits as long
 * as none does. The node that is connected when it is aborted goes on serving until closed. Rejects with Fault `chain` when
 * aborted before, or where no endpoint serves this exchange.
 */
export async function connectChain(
  endpoints: readonly string[],
  signal: AbortSignal,
  onNode: OnNode = () => {},
  patience: Partial<Patience> = {},
): Promise<ChainConnection> {
  const connection = new Connection(endpoints, signal, onNode, { ...PATIENCE, ...patience })
  try {
    await connection.session(signal)
  } catch (error) {
    await connection.close()
    throw error
  }
  return connection
}

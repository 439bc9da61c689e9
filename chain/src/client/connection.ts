import { ApiPromise, type WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { Fault, pause } from '@wattfleet/protocol'
import { steadyProvider } from './provider.ts'

/** How long one question to a node may take. Calls that were under way when a connection broke never answer. */
const ANSWER_TIMEOUT_MS = 15_000
/** Between two attempts to connect. */
const RECONNECT_MS = 1_000
/** How often the finalized head is asked for when no subscription says that it moved. */
const POLL_MS = 2_000

/** The finalized head as last seen. */
export interface Head {
  readonly number: number
  readonly hash: string
}

/** One connection to the chain: the only ApiPromise of a process. */
export interface ChainConnection {
  readonly api: ApiPromise
  /** Asks the node itself, past the API's caches. Rejects with what the node answers where that is an error. */
  request(method: string, params: readonly unknown[]): Promise<Uint8Array | string>
  /** Resolves with a finalized head of at least this number; rejects with Fault `chain` when aborted. */
  headFrom(number: number, signal: AbortSignal): Promise<Head>
  /** The finalized head now. Throws a retryable Fault `chain` when there is no answer. */
  head(): Promise<Head>
  /** The finalized head that the node told of last, while there is a connection. */
  finalizedBlock(): number | undefined
  close(): Promise<void>
}

/** An answer in time, or a retryable Fault `chain`. */
export async function inTime<T>(answer: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const fault = new Fault('chain', `no answer in ${ANSWER_TIMEOUT_MS} ms: ${what}`, { retryable: true })
    timer = setTimeout(() => reject(fault), ANSWER_TIMEOUT_MS)
  })
  try {
    return await Promise.race([answer, late])
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault('chain', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      retryable: true,
      cause,
    })
  } finally {
    clearTimeout(timer)
  }
}

async function ready(provider: WsProvider, signal: AbortSignal): Promise<ApiPromise> {
  if (signal.aborted) {
    await provider.disconnect()
    throw new Fault('chain', 'stopped while connecting to the chain')
  }
  const api = new ApiPromise({ provider: provider as NonNullable<ApiOptions['provider']>, noInitWarn: true })
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Fault('chain', 'stopped while connecting to the chain')), {
      once: true,
    })
  })
  try {
    return await Promise.race([api.isReadyOrError.catch(() => api.isReady), stopped])
  } catch (error) {
    await api.disconnect().catch(() => {})
    throw error
  }
}

/** Connects to the first of the endpoints that answers and keeps reconnecting; waits as long as none does. */
export async function connectChain(endpoints: readonly string[], signal: AbortSignal): Promise<ChainConnection> {
  const closing = new AbortController()
  const provider = steadyProvider(endpoints, AbortSignal.any([signal, closing.signal]))
  const api = await ready(provider, signal)
  const wakers = new Set<() => void>()
  // the subscription only wakes: what is finalized is always asked for
  let finalized: number | undefined
  let unsubscribe = () => {}
  const subscribe = async () => {
    while (!signal.aborted) {
      try {
        const heads = api.rpc.chain.subscribeFinalizedHeads((header) => {
          finalized = header.number.toNumber()
          for (const wake of wakers) wake()
        })
        unsubscribe = await inTime(heads, 'subscription to finalized heads')
        return
      } catch {
        // the node went away in between
        await pause(RECONNECT_MS, signal)
      }
    }
  }
  await subscribe()

  const head = async (): Promise<Head> => {
    const hash = await inTime(api.rpc.chain.getFinalizedHead(), 'finalized head')
    const header = await inTime(api.rpc.chain.getHeader(hash), 'finalized header')
    return { number: header.number.toNumber(), hash: hash.toHex() }
  }

  const nextWake = (stop: AbortSignal) =>
    new Promise<void>((resolve) => {
      const done = () => {
        wakers.delete(done)
        clearTimeout(timer)
        stop.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, POLL_MS)
      wakers.add(done)
      stop.addEventListener('abort', done, { once: true })
    })

  return {
    api,
    request: (method, params) => provider.send(method, [...params]),
    head,
    async headFrom(number, stop) {
      while (!stop.aborted) {
        const waking = nextWake(stop)
        const now = await head().catch(() => undefined)
        if (now !== undefined && now.number >= number) return now
        await waking
      }
      throw new Fault('chain', 'stopped while waiting for a finalized block')
    },
    finalizedBlock: () => (provider.isConnected ? finalized : undefined),
    async close() {
      closing.abort()
      try {
        unsubscribe()
      } finally {
        await api.disconnect()
      }
    },
  }
}

import { ApiPromise } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { Fault } from '@wattfleet/protocol'
import { inTime } from './in-time.ts'
import { type NodeProvider, nodeProvider } from './provider.ts'
import { readStorage } from './types/runtime.ts'

/** A node that does not even take a connection. */
const CONNECT_TIMEOUT_MS = 5_000
/** Metadata and all that belongs to it, from a node under load. */
const READY_TIMEOUT_MS = 30_000

/** Which chain a node serves. The id is the registry's, 32 bytes; both are hex without 0x. */
export interface Identity {
  readonly genesisHash: string
  readonly chainId: string
}

/**
 * The API from one connection to one version of the runtime there, and no longer. An ApiPromise that is kept beyond goes
 * on with what it knew: for a moment after reconnecting it signs by a runtime version that has passed, it replays answers
 * of a node that is gone, and it never asks again which chain it is on. Its making costs a fraction of a second.
 */
export interface Session {
  readonly endpoint: string
  readonly api: ApiPromise
  readonly identity: Identity
  /** Aborted when the session is over; its reason is a text. */
  readonly over: AbortSignal
  /** Asks the node itself, past the API's caches. Rejects with what the node answers where that is an error. */
  request<T>(method: string, params: readonly unknown[]): Promise<T>
  /** News of this kind until the session is over; resolves once they come. */
  subscribe<T>(kind: Subscription, onNews: (news: T) => void): Promise<void>
  end(why: string): void
}

/** The method that asks for news, and the one by which they come. */
type Subscription = readonly [asks: string, tells: string]
export const FINALIZED_HEADS: Subscription = ['chain_subscribeFinalizedHeads', 'chain_finalizedHead']
const RUNTIME_VERSION: Subscription = ['state_subscribeRuntimeVersion', 'state_runtimeVersion']

/** Why a session is over whose node is still there. */
export const UPGRADED = 'the runtime was upgraded'
/** The same: the library keeps some 400 bytes of each block that was read, and what once could not be read stays so. */
export const RENEWED = 'begun anew after many blocks'

async function connected(provider: NodeProvider, endpoint: string): Promise<void> {
  const open = new Promise<void>((resolve, reject) => {
    const refuse = () => reject(new Error('refused'))
    provider.on('connected', resolve)
    provider.on('disconnected', refuse)
  })
  await provider.connect()
  await inTime(open, `connection to ${endpoint}`, CONNECT_TIMEOUT_MS)
}

/**
 * Opens a session; once it is open, only `end` and the node end it. Rejects with Fault `chain`: retryable where the node did
 * not answer or `signal` was aborted, for good where the node is none of this exchange's.
 */
export async function openSession(endpoint: string, signal: AbortSignal): Promise<Session> {
  const provider = nodeProvider(endpoint)
  const over = new AbortController()
  let disconnect: () => Promise<void> = () => provider.disconnect()
  const end = (why: string) => {
    if (over.signal.aborted) return
    over.abort(why)
    // first the connection: whoever waits for an answer is told so, whatever the peer does
    provider.end()
    disconnect().catch(() => {})
  }
  const subscribe = async <T>([asks, tells]: Subscription, onNews: (news: T) => void) => {
    await provider.subscribe(tells, asks, [], (error: Error | null, news: T) => {
      if (error === null && !over.signal.aborted) onNews(news)
    })
  }
  const stop = () => end('stopped')
  signal.addEventListener('abort', stop, { once: true })
  try {
    await connected(provider, endpoint)
    provider.on('disconnected', () => end('it went away'))
    const api = new ApiPromise({ provider: provider as NonNullable<ApiOptions['provider']>, noInitWarn: true })
    disconnect = () => api.disconnect()
    await inTime(api.isReadyOrError, `metadata from ${endpoint}`, READY_TIMEOUT_MS)
    const specVersion = api.runtimeVersion.specVersion.toNumber()
    const watching = subscribe<{ readonly specVersion: number }>(RUNTIME_VERSION, (version) => {
      if (version.specVersion !== specVersion) end(UPGRADED)
    })
    await inTime(watching, `runtime version of ${endpoint}`)
    const chainId = await inTime(readStorage(api, 'registry.chainId', []), `chain id of ${endpoint}`)
    signal.removeEventListener('abort', stop)
    if (over.signal.aborted) throw new Fault('chain', `${endpoint} went away`, { retryable: true })
    return {
      endpoint,
      api,
      identity: { genesisHash: api.genesisHash.toHex().slice(2), chainId },
      over: over.signal,
      request: (method, params) => provider.send(method, [...params]),
      subscribe,
      end,
    }
  } catch (error) {
    signal.removeEventListener('abort', stop)
    end('not opened')
    throw error
  }
}

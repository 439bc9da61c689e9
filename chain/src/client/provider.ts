import type { ApiOptions } from '@polkadot/api/types'
import { WebSocket } from 'ws'

type Provider = NonNullable<ApiOptions['provider']>
type OnEvent = Parameters<Provider['on']>[1]
type OnNews = Parameters<Provider['subscribe']>[3]

/** An error that the node answered with: its code and its text (JSON-RPC 2.0, section 5.1). */
export class NodeError extends Error {
  readonly code: number

  constructor(code: number, message: string, data: unknown) {
    super(
      `${code}: ${message}${data === undefined ? '' : `: ${typeof data === 'string' ? data : JSON.stringify(data)}`}`,
    )
    this.name = 'NodeError'
    this.code = code
  }
}

interface Answer {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
  readonly method?: string
  readonly params?: { readonly subscription: string | number; readonly result: unknown }
}

interface Asked {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** The longest answer that is read: a block's events and the metadata are a few megabytes; a node that sends more is broken. */
const MOST_BYTES = 256 * 2 ** 20

/**
 * One connection to one node, made once and ended for good. It is the library's provider in what it does, and unlike it in
 * three things: an end cuts the socket instead of waiting for the peer to agree, whatever was asked is told so at once, and
 * no answer is kept.
 */
export interface NodeProvider extends Provider {
  /** Cuts the connection; open questions are rejected. */
  end(): void
}

type Emitted = 'connected' | 'disconnected' | 'error'

export function nodeProvider(endpoint: string): NodeProvider {
  return new OneConnection(endpoint)
}

class OneConnection implements NodeProvider {
  readonly hasSubscriptions = true
  readonly isClonable = false
  readonly #endpoint: string
  readonly #listeners = new Map<Emitted, Set<OnEvent>>()
  readonly #asked = new Map<number, Asked>()
  readonly #subscribed = new Map<string, OnNews>()
  /** News may come before the answer that names their subscription. */
  readonly #early = new Map<string, unknown[]>()
  #socket: WebSocket | undefined
  #lastId = 0
  #isOver = false

  constructor(endpoint: string) {
    this.#endpoint = endpoint
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN
  }

  clone(): never {
    throw new Error('a connection to a node is not cloned')
  }

  connect(): Promise<void> {
    const socket = new WebSocket(this.#endpoint, { perMessageDeflate: false, maxPayload: MOST_BYTES })
    this.#socket = socket
    socket.on('open', () => this.#emit('connected'))
    socket.on('message', (data) => this.#heard(data.toString()))
    // an error is followed by its close
    socket.on('error', () => undefined)
    socket.on('close', () => this.end())
    return Promise.resolve()
  }

  disconnect(): Promise<void> {
    this.end()
    return Promise.resolve()
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#socket?.terminate()
    for (const { reject } of this.#asked.values()) reject(new Error(`disconnected from ${this.#endpoint}`))
    this.#asked.clear()
    this.#subscribed.clear()
    this.#early.clear()
    this.#emit('disconnected')
  }

  on(type: Emitted, listener: OnEvent): () => void {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  send<T>(method: string, params: unknown[]): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!this.isConnected) return reject(new Error(`not connected to ${this.#endpoint}`))
      const id = ++this.#lastId
      this.#asked.set(id, { resolve: resolve as Asked['resolve'], reject })
      this.#socket?.send(JSON.stringify({ id, jsonrpc: '2.0', method, params }))
    })
  }

  async subscribe(type: string, method: string, params: unknown[], listener: OnNews) {
    const id = await this.send<string | number>(method, params)
    const key = `${type}/${id}`
    this.#subscribed.set(key, listener)
    for (const news of this.#early.get(key) ?? []) listener(null, news)
    this.#early.delete(key)
    return id
  }

  unsubscribe(type: string, method: string, id: number | string): Promise<boolean> {
    this.#subscribed.delete(`${type}/${id}`)
    return this.isConnected ? this.send<boolean>(method, [id]) : Promise.resolve(false)
  }

  #emit(type: Emitted): void {
    for (const listener of this.#listeners.get(type) ?? []) listener()
  }

  #heard(text: string): void {
    const { id, result, error, method, params } = parsed(text)
    if (method !== undefined && params !== undefined) this.#news(`${method}/${params.subscription}`, params.result)
    const asked = id === undefined ? undefined : this.#asked.get(id)
    if (id === undefined || asked === undefined) return
    this.#asked.delete(id)
    if (error === undefined) asked.resolve(result)
    else asked.reject(new NodeError(error.code, error.message, error.data))
  }

  #news(key: string, result: unknown): void {
    const listener = this.#subscribed.get(key)
    const early = this.#early.get(key) ?? []
    if (listener !== undefined) listener(null, result)
    else if (early.length < MOST_EARLY) this.#early.set(key, [...early, result])
  }
}

/** What a node said; nothing where it is not JSON. */
function parsed(text: string): Answer {
  try {
    return JSON.parse(text) as Answer
  } catch {
    return {}
  }
}

/** News of one subscription that may wait for the answer that names it. */
const MOST_EARLY = 16

import { randomBytes } from 'node:crypto'
import { messageOf } from '@wattfleet/protocol'
import type { EmbeddedChain } from '../chain.ts'
import { authorMethods } from './author.ts'
import { chainMethods } from './chain.ts'
import { chainHeadMethods } from './chain-head.ts'
import type { Methods, Subscriber } from './context.ts'
import * as fault from './fault.ts'
import { stateMethods } from './state.ts'
import { systemMethods } from './system.ts'
import { transactionMethods } from './transaction.ts'

/** Subscriptions of one client: more than an explorer's page with all its tabs opens. */
export const MAX_SUBSCRIPTIONS = 128
/** Requests in one batch: the answers are kept until the last of them is known. */
export const MAX_BATCH = 256

/** One client's side of the JSON-RPC: its methods and its subscriptions. */
export interface Connection {
  /** Answers a message, then starts what its requests asked to be told. */
  receive(text: string): Promise<void>
  close(): void
}

interface Request {
  readonly id?: unknown
  readonly method?: unknown
  readonly params?: unknown
}

type Subscriptions = Pick<Subscriber, 'subscribe' | 'unsubscribe'> & { close(): void }

function subscriptions(send: (message: object) => void): (later: (run: () => void) => void) => Subscriptions {
  const ends = new Map<string, () => void>()
  const begin = (id: string, method: string, start: Parameters<Subscriber['subscribe']>[1]) => {
    // ended before it began
    if (!ends.has(id)) return
    const end = start((result) => send({ jsonrpc: '2.0', method, params: { subscription: id, result } }))
    ends.set(id, end)
  }
  return (later) => ({
    subscribe(method, start) {
      if (ends.size >= MAX_SUBSCRIPTIONS) {
        const limit = `Exceeded max limit of ${MAX_SUBSCRIPTIONS}`
        throw new fault.RpcFault(fault.TOO_MANY_SUBSCRIPTIONS, 'Too many subscriptions on the connection', limit)
      }
      const id = randomBytes(8).toString('hex')
      ends.set(id, () => {})
      later(() => begin(id, method, start))
      return id
    },
    unsubscribe(id) {
      const end = ends.get(id)
      ends.delete(id)
      end?.()
      return end !== undefined
    },
    close() {
      for (const end of ends.values()) end()
      ends.clear()
    },
  })
}

function errorAnswer(id: unknown, error: unknown): object {
  const { code, data } = error instanceof fault.RpcFault ? error : { code: fault.INTERNAL_ERROR, data: undefined }
  return { jsonrpc: '2.0', id, error: { code, message: messageOf(error), ...(data === undefined ? {} : { data }) } }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new fault.RpcFault(fault.PARSE_ERROR, 'Parse error')
  }
}

function requireBatch(batch: readonly unknown[]): void {
  if (batch.length === 0) throw new fault.RpcFault(fault.INVALID_REQUEST, 'Invalid request')
  if (batch.length <= MAX_BATCH) return
  const limit = `Exceeded max limit of ${MAX_BATCH}`
  throw new fault.RpcFault(fault.TOO_BIG_BATCH, 'The batch request was too large', limit)
}

/** Opens a client's side. `send` gets every answer and notification, to be sent in this order. */
export function openConnection(chain: EmbeddedChain, name: string, send: (message: object) => void): Connection {
  const methods: Methods = {
    ...authorMethods,
    ...chainMethods,
    ...stateMethods,
    ...systemMethods,
    ...chainHeadMethods(),
    ...transactionMethods(),
    rpc_methods: () => ({ methods: Object.keys(methods).sort() }),
  }
  const subscribing = subscriptions(send)

  /** Yields nothing for a notification of the client's: JSON-RPC answers none, and Substrate's nodes execute none. */
  const answer = async (message: unknown, client: Subscriber): Promise<object | undefined> => {
    const isObject = typeof message === 'object' && message !== null && !Array.isArray(message)
    const { id, method: called, params = [] }: Request = isObject ? message : {}
    if (id === undefined && typeof called === 'string') return undefined
    try {
      if (typeof called !== 'string') throw new fault.RpcFault(fault.INVALID_REQUEST, 'Invalid request')
      const method = Object.hasOwn(methods, called) ? methods[called] : undefined
      if (method === undefined) throw new fault.RpcFault(fault.METHOD_NOT_FOUND, 'Method not found')
      const list = params ?? []
      if (!Array.isArray(list)) throw fault.invalidParams('params must be a list')
      return { jsonrpc: '2.0', id, result: (await method({ chain, name, client }, list)) ?? null }
    } catch (error) {
      return errorAnswer(id ?? null, error)
    }
  }

  const answerAll = async (text: string, client: Subscriber): Promise<object | undefined> => {
    const message = parse(text)
    if (!Array.isArray(message)) return answer(message, client)
    requireBatch(message)
    const answers = await Promise.all(message.map((one) => answer(one, client)))
    const said = answers.filter((one) => one !== undefined)
    return said.length > 0 ? said : undefined
  }

  return {
    async receive(text) {
      const after: (() => void)[] = []
      const afterAnswer = (run: () => void) => after.push(run)
      const client: Subscriber = { ...subscribing(afterAnswer), afterAnswer }
      const said = await answerAll(text, client).catch((error: unknown) => errorAnswer(null, error))
      if (said !== undefined) send(said)
      for (const run of after) run()
    },
    close: () => subscribing(() => {}).close(),
  }
}

import { messageOf } from '@wattfleet/protocol'
import type { StoredBlock } from '../store.ts'
import { hexListParam, hexParam, type Methods, type Subscriber, textParam } from './context.ts'
import { invalidParams, RpcFault } from './fault.ts'
import { Follow, type Operation } from './follow.ts'
import { queriesParam, tellItems } from './storage-items.ts'

/** Following twice is what the specification has every server allow. */
export const MAX_FOLLOWS = 2

const LIMIT_REACHED = { result: 'limitReached' } as const

// the specification's own errors
const TOO_MANY_FOLLOWS = -32800
const BLOCK_NOT_PINNED = -32801
const WITHOUT_RUNTIME = -32802
const NOT_WAITING = -32803
const DUPLICATE_HASHES = -32804

function requirePinned(follow: Follow, hash: unknown): StoredBlock {
  const block = follow.pinned(hexParam(hash, 'hash'))
  if (block === undefined) throw new RpcFault(BLOCK_NOT_PINNED, 'Invalid block hash')
  return block
}

function start(follow: Follow, client: Subscriber, places: number, run: (operation: Operation) => void): object {
  const operation = follow.begin(places)
  client.afterAnswer(() => run(operation))
  return { result: 'started', operationId: operation.id }
}

/**
 * The `chainHead_v1` functions of the JSON-RPC interface specification (paritytech.github.io/json-rpc-interface-spec),
 * for one connection. A follow that is unknown or stopped is no error there: each function says what it answers then.
 */
export function chainHeadMethods(): Methods {
  const follows = new Map<string, Follow>()
  const followOf = (id: unknown) => follows.get(textParam(id, 'followSubscription'))

  return {
    chainHead_v1_follow: ({ chain, client }, [withRuntime]) => {
      if (typeof withRuntime !== 'boolean') throw invalidParams('withRuntime must be true or false')
      if (follows.size >= MAX_FOLLOWS) {
        throw new RpcFault(TOO_MANY_FOLLOWS, 'Maximum number of chainHead_follow has been reached')
      }
      const follow = new Follow(chain, withRuntime)
      const id = client.subscribe('chainHead_v1_followEvent', (send) => {
        const end = follow.start(send, () => client.unsubscribe(id))
        return () => {
          follows.delete(id)
          end()
        }
      })
      follows.set(id, follow)
      return id
    },
    chainHead_v1_unfollow: ({ client }, [id]) => {
      if (followOf(id) !== undefined) client.unsubscribe(String(id))
      follows.delete(String(id))
      return null
    },
    chainHead_v1_header: (_, [id, hash]) => {
      const follow = followOf(id)
      return follow === undefined ? null : requirePinned(follow, hash).header
    },
    chainHead_v1_body: ({ client }, [id, hash]) => {
      const follow = followOf(id)
      if (follow === undefined) return LIMIT_REACHED
      const { extrinsics } = requirePinned(follow, hash)
      if (follow.free() < 1) return LIMIT_REACHED
      return start(follow, client, 1, (operation) => operation.end({ event: 'operationBodyDone', value: extrinsics }))
    },
    chainHead_v1_call: ({ chain, client }, [id, hash, name, data]) => {
      const follow = followOf(id)
      const [method, params] = [textParam(name, 'function'), hexParam(data, 'callParameters')]
      if (follow === undefined) return LIMIT_REACHED
      const { number } = requirePinned(follow, hash)
      if (!follow.withRuntime) throw new RpcFault(WITHOUT_RUNTIME, 'The runtime is not followed')
      if (follow.free() < 1) return LIMIT_REACHED
      return start(follow, client, 1, (operation) => {
        chain.call(method, params, number).then(
          (output) => operation.end({ event: 'operationCallDone', output }),
          (error: unknown) => operation.end({ event: 'operationError', error: messageOf(error) }),
        )
      })
    },
    chainHead_v1_storage: ({ chain, client }, [id, hash, items, childTrie]) => {
      const follow = followOf(id)
      const queries = queriesParam(items)
      if (childTrie !== undefined && childTrie !== null) throw invalidParams('this chain has no child tries')
      if (follow === undefined) return LIMIT_REACHED
      const view = chain.store.at(requirePinned(follow, hash).number)
      const taken = queries.slice(0, follow.free())
      if (taken.length === 0 && queries.length > 0) return LIMIT_REACHED
      const started = start(follow, client, taken.length, (operation) => tellItems(view, taken, operation))
      return { ...started, discardedItems: queries.length - taken.length }
    },
    chainHead_v1_continue: (context, [id, operationId]) => {
      const operation = followOf(id)?.operation(textParam(operationId, 'operationId'))
      if (operation === undefined) return null
      const { resume } = operation
      if (resume === undefined) throw new RpcFault(NOT_WAITING, 'The operation does not wait')
      operation.resume = undefined
      context.client.afterAnswer(resume)
      return null
    },
    chainHead_v1_stopOperation: (_, [id, operationId]) => {
      followOf(id)?.abandon(textParam(operationId, 'operationId'))
      return null
    },
    chainHead_v1_unpin: (_, [id, hashes]) => {
      const follow = followOf(id)
      const list = hexListParam(Array.isArray(hashes) ? hashes : [hashes], 'hashOrHashes')
      if (follow === undefined) return null
      if (new Set(list).size < list.length) throw new RpcFault(DUPLICATE_HASHES, 'A hash is given twice')
      for (const hash of list) requirePinned(follow, hash)
      follow.unpin(list)
      return null
    },
  }
}

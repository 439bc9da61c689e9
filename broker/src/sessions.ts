import type { Aedes, AedesPublishPacket } from 'aedes'
import { identityOfClientId } from './core/identity.ts'
import { rightsOf } from './core/rights.ts'

interface ClientRef {
  readonly id: string
}

interface StoredSubscription {
  readonly topic: string
}

/** The part of the session store of aedes 1.2.0 that is bounded here. */
interface SessionStore {
  addSubscriptions(client: ClientRef, subscriptions: readonly StoredSubscription[]): Promise<void>
  outgoingEnqueue(to: { readonly clientId: string }, packet: AedesPublishPacket): Promise<void>
  outgoingEnqueueCombi(to: readonly { readonly clientId: string }[], packet: AedesPublishPacket): Promise<void>
  outgoingUpdate(client: ClientRef, packet: AedesPublishPacket): Promise<void>
  outgoingClearMessageId(client: ClientRef, packet: AedesPublishPacket): Promise<AedesPublishPacket | undefined>
}

/**
 * Bounds what the broker keeps for clients that are away or slow, and keeps foreign filters out of it.
 *
 * - A queue holds at most `limit` messages; beyond it `onFull` is told and no copy is kept. A client that is connected
 *   still gets the message, once.
 * - aedes stores every filter of a SUBSCRIBE packet for a session as soon as one of them is allowed, refused ones
 *   included, and then queues messages for them: only allowed filters get through here.
 */
export function boundSessions(broker: Aedes, limit: number, onFull: (clientId: string) => void): void {
  const store = (broker as unknown as { persistence: SessionStore }).persistence
  const inner = {
    addSubscriptions: store.addSubscriptions.bind(store),
    outgoingEnqueueCombi: store.outgoingEnqueueCombi.bind(store),
    outgoingUpdate: store.outgoingUpdate.bind(store),
    outgoingClearMessageId: store.outgoingClearMessageId.bind(store),
  }
  const queued = new Map<string, number>()

  store.addSubscriptions = (client, subscriptions) => {
    const identity = identityOfClientId(client.id)
    const rights = identity && rightsOf(identity)
    const allowed = subscriptions.filter(({ topic }) => rights?.maySubscribe(topic))
    return inner.addSubscriptions(client, allowed)
  }
  store.outgoingEnqueueCombi = (to, packet) => {
    const kept = to.filter(({ clientId }) => {
      const count = queued.get(clientId) ?? 0
      if (count >= limit) onFull(clientId)
      else queued.set(clientId, count + 1)
      return count < limit
    })
    return inner.outgoingEnqueueCombi(kept, packet)
  }
  store.outgoingEnqueue = (to, packet) => store.outgoingEnqueueCombi([to], packet)
  store.outgoingUpdate = (client, packet) =>
    // "No such packet" is one that was not kept; it is delivered all the same, and its acknowledgement finds nothing.
    inner.outgoingUpdate(client, packet).catch(() => undefined)
  store.outgoingClearMessageId = async (client, packet) => {
    const cleared = await inner.outgoingClearMessageId(client, packet)
    const left = (queued.get(client.id) ?? 0) - 1
    if (cleared !== undefined && left > 0) queued.set(client.id, left)
    else if (cleared !== undefined) queued.delete(client.id)
    return cleared
  }
}

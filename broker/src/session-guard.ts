import type { QueuedPacket } from './core/queues.ts'

/** A connection as aedes passes it to its store. */
interface Holder {
  readonly id: string
  readonly closed?: boolean
}

interface Outgoing {
  outgoingUpdate(client: Holder, packet: QueuedPacket): Promise<unknown>
  outgoingClearMessageId(client: Holder, packet: QueuedPacket): Promise<unknown>
}

/**
 * Lets only the connection that holds a session change what is under way in it, and only its acknowledgements take a
 * message out of the queue. aedes 1.2.0 does otherwise at two places, and a message that is handed over while one
 * connection takes over from another would be lost there:
 *
 * - it writes the number under which a closed connection would have sent a message over the one under which the next
 *   connection sends it, and the acknowledgement of that one finds nothing, or another message;
 * - it clears what `authorizeForward` does not let out, also where that is only for now.
 */
export function guardSessions<S extends object>(
  store: S,
  { mayKeep }: { mayKeep(clientId: string, filter: string): boolean },
): S {
  const { outgoingUpdate, outgoingClearMessageId } = store as S & Outgoing
  return Object.assign(store, {
    async outgoingUpdate(client: Holder, packet: QueuedPacket) {
      if (!client.closed) await outgoingUpdate.call(store, client, packet)
    },
    async outgoingClearMessageId(client: Holder, packet: QueuedPacket) {
      const isWithheld = packet.cmd === 'publish' && mayKeep(client.id, packet.topic ?? '')
      if (client.closed || isWithheld) return undefined
      return outgoingClearMessageId.call(store, client, packet)
    },
  })
}

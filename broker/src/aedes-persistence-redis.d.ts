// The package has no types of its own. This is the part of version 11.2.2 that src/redis.ts uses.
declare module 'aedes-persistence-redis/persistence.js' {
  import type { Redis } from 'ioredis'

  interface Client {
    readonly id: string
  }

  interface Store {
    addSubscriptions(client: Client, subscriptions: readonly { readonly topic: string }[]): Promise<void>
    cleanSubscriptions(client: Client): Promise<unknown>
    outgoingEnqueue(to: { readonly clientId: string }, packet: import('./core/queues.ts').QueuedPacket): Promise<void>
    outgoingEnqueueCombi(to: readonly { readonly clientId: string }[], packet: import('./core/queues.ts').QueuedPacket): Promise<void>
    outgoingUpdate(client: Client, packet: import('./core/queues.ts').QueuedPacket): Promise<void>
    outgoingClearMessageId(client: Client, packet: import('./core/queues.ts').QueuedPacket): Promise<unknown>
    outgoingStream(client: Client): AsyncIterable<import('./core/queues.ts').QueuedPacket>
    putWill(client: Client, will: object): Promise<void>
    getWill(client: Client): Promise<object | undefined>
    delWill(client: Client): Promise<object | undefined>
    createRetainedStream(pattern: string): import('node:stream').Readable
    createRetainedStreamCombi(patterns: readonly string[]): import('node:stream').Readable
    streamWill(brokers?: object): import('node:stream').Readable
  }

  export default function persistence(options: { readonly conn: Redis; readonly maxSessionDelivery: number }): Store
}

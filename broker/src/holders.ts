import type { Aedes, Client } from 'aedes'

/** What aedes has and its types leave out: who is connected, by client id, and how a connection comes to be among them. */
type Registry = Aedes & {
  readonly clients: Record<string, Client>
  registerClient(client: Client): void
}

/** Who is connected, by client id, as aedes keeps it. */
export const clientsOf = (aedes: Aedes) => (aedes as Registry).clients

/** Which connection holds each client id. */
export interface Holders {
  /** Connected clients. */
  count(): number
}

/**
 * Keeps one connection for each client id, the one whose CONNECT came last (MQTT 3.1.1, 3.1.4-2). aedes 1.2.0 closes a
 * former one over several turns of the event loop, and forgets in the meantime who came: its late farewell takes the name
 * of whoever holds it by then out of `clients`, where the next newcomer does not find it, and both stay. Of two that come
 * close together either may be through first, and either may be dead by then; aedes closes the other all the same.
 */
export function keepHolders(aedes: Aedes): Holders {
  const holders = new Map<string, Client>()
  const arrivals = new WeakMap<Client, number>()
  let arrived = 0
  const { preConnect } = aedes
  aedes.preConnect = (client, packet, done) => {
    arrivals.set(client, ++arrived)
    preConnect(client, packet, done)
  }

  /** Whether it has come too late to hold its client id. */
  function isPassed(client: Client): boolean {
    const holder = holders.get(client.id)
    if (client.closed || holder === undefined || holder.closed) return client.closed
    return (arrivals.get(client) ?? 0) < (arrivals.get(holder) ?? 0)
  }

  const registry = aedes as Registry
  const register = registry.registerClient.bind(aedes)
  registry.registerClient = (client) => {
    if (isPassed(client)) client.close()
    else register(client)
  }
  // which is some turns later where a former one had to be closed
  aedes.on('client', (client) => {
    const holder = holders.get(client.id)
    if (isPassed(client)) {
      if (holder !== undefined) registry.clients[client.id] = holder
      client.close()
      return
    }
    holders.set(client.id, client)
    if (holder !== undefined && holder !== client) holder.close()
  })
  aedes.on('clientDisconnect', ({ id }) => {
    const holder = holders.get(id)
    if (holder === undefined) return
    if (holder.closed) holders.delete(id)
    else registry.clients[id] = holder
  })
  return {
    count() {
      let open = 0
      for (const { closed } of holders.values()) open += Number(!closed)
      return open
    },
  }
}

import type { Aedes, Client } from 'aedes'

/** Who is connected, by client id, as aedes keeps it; its types leave it out. */
export const clientsOf = (aedes: Aedes) => (aedes as Aedes & { readonly clients: Record<string, Client> }).clients

/** Which connection holds each client id. */
export interface Holders {
  /** Connected clients. */
  count(): number
}

/**
 * Keeps one connection for each client id, the one that came last (MQTT 3.1.1, 3.1.4-2). aedes 1.2.0 closes a former one
 * over several turns of the event loop, and forgets in the meantime who came: its late farewell takes the name of whoever
 * holds it by then out of `clients`, where the next newcomer does not find it, and both stay.
 */
export function keepHolders(aedes: Aedes): Holders {
  const holders = new Map<string, Client>()
  aedes.on('client', (client) => {
    const former = holders.get(client.id)
    if (!client.closed) holders.set(client.id, client)
    if (former !== undefined && former !== client && !former.closed) former.close()
  })
  aedes.on('clientDisconnect', ({ id }) => {
    const holder = holders.get(id)
    if (holder === undefined) return
    if (holder.closed) holders.delete(id)
    else clientsOf(aedes)[id] = holder
  })
  return {
    count() {
      let open = 0
      for (const { closed } of holders.values()) open += Number(!closed)
      return open
    },
  }
}

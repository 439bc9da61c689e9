export interface Subscription {
  readonly topic: string
  readonly qos: number
}

export type ClientSubscription = Subscription & { readonly clientId: string }

/** Whether a topic matches a filter (MQTT 3.1.1, 4.7.1); a wildcard at the first level does not match `$` topics (4.7.2). */
export function matches(filter: string, topic: string): boolean {
  const [levels, parts] = [filter.split('/'), topic.split('/')]
  if (topic.startsWith('$') && (levels[0] === '+' || levels[0] === '#')) return false
  for (const [at, level] of levels.entries()) {
    if (level === '#') return true
    if (at >= parts.length || (level !== '+' && level !== parts[at])) return false
  }
  return levels.length === parts.length
}

const isWildcard = (filter: string) => /[+#]/.test(filter)

/** The subscriptions of persistent sessions. Almost all are of gateways and name their topic; the few wildcards are tried one by one. */
export interface SubscriptionTable {
  add(clientId: string, subscription: Subscription): void
  remove(clientId: string, topic: string): void
  of(clientId: string): readonly Subscription[]
  /** Those of QoS 1 and 2 that want this topic, wildcards first. */
  wanting(topic: string): readonly ClientSubscription[]
  clients(): Iterable<string>
  /** Clients that have subscribed to this very filter. */
  clientsOf(filter: string): string[]
  /** Subscriptions of QoS 1 and 2. */
  count(): number
}

export function subscriptionTable(): SubscriptionTable {
  const byClient = new Map<string, Map<string, Subscription>>()
  // topic or filter → client → subscription
  const exact = new Map<string, Map<string, ClientSubscription>>()
  const wild = new Map<string, Map<string, ClientSubscription>>()

  function forget(clientId: string, topic: string): void {
    const of = isWildcard(topic) ? wild : exact
    const clients = of.get(topic)
    clients?.delete(clientId)
    if (clients?.size === 0) of.delete(topic)
  }

  return {
    add(clientId, subscription) {
      const { topic, qos } = subscription
      const own = byClient.get(clientId) ?? new Map<string, Subscription>()
      byClient.set(clientId, own.set(topic, subscription))
      if (qos === 0) {
        forget(clientId, topic)
        return
      }
      const of = isWildcard(topic) ? wild : exact
      const clients = of.get(topic) ?? new Map<string, ClientSubscription>()
      of.set(topic, clients.set(clientId, { clientId, ...subscription }))
    },
    remove(clientId, topic) {
      const own = byClient.get(clientId)
      own?.delete(topic)
      if (own?.size === 0) byClient.delete(clientId)
      forget(clientId, topic)
    },
    of: (clientId) => [...(byClient.get(clientId)?.values() ?? [])],
    wanting(topic) {
      const wildcards = [...wild].flatMap(([filter, clients]) => (matches(filter, topic) ? [...clients.values()] : []))
      return [...wildcards, ...(exact.get(topic)?.values() ?? [])]
    },
    clients: () => byClient.keys(),
    clientsOf: (filter) => [...byClient].flatMap(([clientId, own]) => (own.has(filter) ? [clientId] : [])),
    count: () => [...exact.values(), ...wild.values()].reduce((sum, clients) => sum + clients.size, 0),
  }
}

import { DOWN_KINDS, downTopic, isGatewayId, parseTopic, UP_KINDS, upTopic } from '@wattfleet/protocol'
import type { Identity } from './identity.ts'

/** What one identity may do with which topics. What is not allowed here is refused. */
export interface Rights {
  mayPublish(topic: string): boolean
  maySubscribe(filter: string): boolean
  /** Asked again at delivery, so that no stored subscription can outgrow the rules. */
  mayReceive(topic: string): boolean
}

/**
 * A gateway publishes its own up topics and reads its own down topics, each by its name and none by a wildcard; a hub the other way round, for every gateway. A
 * utility reads what gateways say of themselves and tells them their configuration, and has no part in the market.
 */
export function rightsOf(identity: Identity): Rights {
  switch (identity.role) {
    case 'gateway':
      return gatewayRights(identity.name)
    case 'hub':
      return HUB_RIGHTS
    case 'utility':
      return UTILITY_RIGHTS
  }
}

function gatewayRights(gateway: string): Rights {
  const up = new Set(UP_KINDS.map((kind) => upTopic(gateway, kind)))
  const down = new Set(DOWN_KINDS.map((kind) => downTopic(gateway, kind)))
  return {
    mayPublish: (topic) => up.has(topic),
    maySubscribe: (filter) => down.has(filter),
    mayReceive: (topic) => down.has(topic),
  }
}

const HUB_RIGHTS: Rights = {
  mayPublish: (topic) => parseTopic(topic)?.direction === 'down',
  maySubscribe: isUpFilter,
  mayReceive: (topic) => parseTopic(topic)?.direction === 'up',
}

const UTILITY_RIGHTS: Rights = {
  mayPublish(topic) {
    const kind = parseTopic(topic)?.kind
    return kind === 'config' || kind === 'command'
  },
  maySubscribe: (filter) => isUpFilter(filter) && filter.endsWith('/status'),
  mayReceive: (topic) => parseTopic(topic)?.kind === 'status',
}

/** `wf/1/<partition or +>/<gateway or +>/up/<kind or +>`, nothing wider. */
function isUpFilter(filter: string): boolean {
  const parts = filter.split('/')
  const [root, version, partition = '', gateway = '', direction, kind = ''] = parts
  return (
    parts.length === 6 &&
    root === 'wf' &&
    version === '1' &&
    (partition === '+' || /^[0-9a-f]{2}$/.test(partition)) &&
    (gateway === '+' || isGatewayId(gateway)) &&
    direction === 'up' &&
    (kind === '+' || (UP_KINDS as readonly string[]).includes(kind))
  )
}

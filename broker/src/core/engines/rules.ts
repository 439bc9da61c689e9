import { DOWN_KINDS, isGatewayId, UP_KINDS, upFilter } from '@wattfleet/protocol'
import type { BrokerLimits } from '../../config.ts'
import { type Identity, identityOf } from '../identity.ts'

/** What a generated configuration is made for: the embedded broker's settings, and where things lie on that machine. */
export interface EngineSettings {
  readonly host: string
  readonly port: number
  readonly limits: BrokerLimits
  /** Absolute paths, PEM. */
  readonly caPath: string
  readonly certPath: string
  readonly keyPath: string
  /** PEM list of revoked certificates (RFC 5280, 5), where the CA writes one. */
  readonly crlPath?: string
  /** Absolute: where the generated files will lie. */
  readonly folder: string
  /** Absolute: where the engine keeps sessions and queues. */
  readonly dataFolder: string
  /** Names of hubs and utilities: engines without patterns for names are told each of them. */
  readonly services: readonly Identity[]
  /** Names of the gateways, for an engine that wants every user by name. */
  readonly gateways: readonly string[]
  /** Names of gateways that are shut out, for engines that are told by name. */
  readonly revoked: readonly string[]
}

/** By file name: the content. */
export type EngineFiles = Readonly<Record<string, string>>

export type Role = Identity['role']

/** One topic, or a family of them, that a role may use. Levels that may vary are left to the engine's own notation. */
export interface Grant {
  readonly role: Role
  readonly access: 'publish' | 'subscribe'
  /** The topic's gateway level: the client's own name, or any. */
  readonly gateway: 'own' | 'any'
  readonly direction: 'up' | 'down'
  readonly kinds: readonly string[]
  /** Whether a filter may leave out partition, gateway or kind: hubs and utilities ask for many gateways at once. */
  readonly wildcards: boolean
}

/** What `core/rights.ts` decides, as data: a test holds the two against each other. What is not here is refused. */
export const GRANTS: readonly Grant[] = [
  { role: 'gateway', access: 'publish', gateway: 'own', direction: 'up', kinds: UP_KINDS, wildcards: false },
  { role: 'gateway', access: 'subscribe', gateway: 'own', direction: 'down', kinds: DOWN_KINDS, wildcards: false },
  { role: 'hub', access: 'publish', gateway: 'any', direction: 'down', kinds: DOWN_KINDS, wildcards: false },
  { role: 'hub', access: 'subscribe', gateway: 'any', direction: 'up', kinds: UP_KINDS, wildcards: true },
  {
    ...{ role: 'utility', access: 'publish', gateway: 'any', direction: 'down' },
    kinds: ['config', 'command'],
    wildcards: false,
  },
  { role: 'utility', access: 'subscribe', gateway: 'any', direction: 'up', kinds: ['status'], wildcards: true },
]

/** The levels before the partition, as the contract's topics have them. */
const ROOT = upFilter().split('/').slice(0, 2)

/** A topic in an engine's notation of its levels: `wf/1/<partition>/<gateway>/<direction>/<kind>`. */
export function topicOf(levels: {
  readonly partition: string
  readonly gateway: string
  readonly direction: string
  readonly kind: string
}): string {
  return [...ROOT, levels.partition, levels.gateway, levels.direction, levels.kind].join('/')
}

/** The identity that a name on the command line stands for; undefined where it is not of that role. */
export function serviceNamed(role: 'hub' | 'utility', name: string): Identity | undefined {
  return identityOf({ CN: name, OU: role })
}

/** The names in a list of gateways: one a line, `#` starts a comment. Throws RangeError naming the line. */
export function parseGateways(text: string): string[] {
  const names = new Set<string>()
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const name = (line.split('#')[0] ?? '').trim()
    if (name === '') continue
    if (!isGatewayId(name))
      throw new RangeError(`line ${index + 1}: expected a gateway's name, 26 characters of base32`)
    names.add(name)
  }
  return [...names]
}

import { sha256, toHex } from './bytes.ts'
import { GATEWAY_ID } from './ids.ts'

/*
 * wf/1/<partition>/<gateway>/up/<kind>     published by the gateway, read by the hub
 * wf/1/<partition>/<gateway>/down/<kind>   published by hub or utility, read by the gateway
 */

export const UP_KINDS = ['order', 'cancel', 'energy', 'status'] as const
export type UpKind = (typeof UP_KINDS)[number]

export const DOWN_KINDS = [
  'receipt',
  'outcome',
  'trade',
  'settlement',
  'balance',
  'market',
  'config',
  'command',
] as const
export type DownKind = (typeof DOWN_KINDS)[number]

export type Topic = { readonly partition: string; readonly gateway: string } & (
  | { readonly direction: 'up'; readonly kind: UpKind }
  | { readonly direction: 'down'; readonly kind: DownKind }
)

const PREFIX = 'wf/1'

/** The topics of one name, of which there are a dozen, are asked for one after the other: one hash does for all of them. */
let last = { gateway: '', partition: hashed('') }

/** Two hex digits of a hash of the gateway's id: 256 partitions spread agents over hubs on plain MQTT 3.1.1. */
export function partitionOf(gateway: string): string {
  if (last.gateway !== gateway) last = { gateway, partition: hashed(gateway) }
  return last.partition
}

function hashed(gateway: string): string {
  return toHex(sha256(Buffer.from(gateway, 'utf8')).subarray(0, 1))
}

export function upTopic(gateway: string, kind: UpKind): string {
  return `${PREFIX}/${partitionOf(gateway)}/${gateway}/up/${kind}`
}

export function downTopic(gateway: string, kind: DownKind): string {
  return `${PREFIX}/${partitionOf(gateway)}/${gateway}/down/${kind}`
}

/** What a gateway subscribes to: every kind by its own name. A broker allows it no wildcard. */
export function downFilters(gateway: string): string[] {
  return DOWN_KINDS.map((kind) => downTopic(gateway, kind))
}

/** The filter a hub subscribes to: everything, or one partition. */
export function upFilter(partition = '+'): string {
  return `${PREFIX}/${partition}/+/up/+`
}

/** The parts of a topic that follows the contract, its partition checked against its gateway; undefined otherwise. */
export function parseTopic(topic: string): Topic | undefined {
  const parts = topic.split('/')
  if (parts.length !== 6 || `${parts[0]}/${parts[1]}` !== PREFIX) return undefined
  const [, , partition = '', gateway = '', direction, kind = ''] = parts
  if (!GATEWAY_ID.test(gateway) || partition !== partitionOf(gateway)) return undefined
  if (direction === 'up' && (UP_KINDS as readonly string[]).includes(kind)) {
    return { partition, gateway, direction, kind: kind as UpKind }
  }
  if (direction === 'down' && (DOWN_KINDS as readonly string[]).includes(kind)) {
    return { partition, gateway, direction, kind: kind as DownKind }
  }
  return undefined
}

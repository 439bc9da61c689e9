import { createHash } from 'node:crypto'
import {
  type Cancel,
  type CommunityRules,
  DEFAULT_RULES,
  type Energy,
  gatewayIdFrom,
  type Order,
  type SignedMessage,
  type SigningKey,
  signingKeyFromSeed,
  signMessage,
  toHex,
} from '@wattfleet/protocol'
import type { MemoryChain } from './memory-chain.ts'

export const COMMUNITY = 7
export const RULES: CommunityRules = { ...DEFAULT_RULES, community: COMMUNITY }
export const CHAIN_ID = new Uint8Array(32).fill(0xc1)
/** A slot start, 24 h after which nothing here reaches. */
export const SLOT = 1_800_000_000 - (1_800_000_000 % 900)
/** Two hours before it: the market is open. */
export const OPEN_S = SLOT - 7200

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(text).digest())
}

/** A household: member, site and gateway, all made from its name. */
export interface House {
  readonly name: string
  readonly member: string
  readonly site: string
  readonly wire: string
  readonly key: SigningKey
  readonly gateway: string
}

export function house(name: string): House {
  const key = signingKeyFromSeed(bytesOf(`key of ${name}`))
  return {
    name,
    member: toHex(bytesOf(`member ${name}`)),
    site: toHex(bytesOf(`site ${name}`).subarray(0, 16)),
    wire: gatewayIdFrom(bytesOf(`wire ${name}`).subarray(0, 16)),
    key,
    gateway: toHex(key.publicKey),
  }
}

/** Puts a house into the registry, with money. */
export function moveIn(chain: MemoryChain, of: House, zone = 0): void {
  chain.setSite({ site: of.site, member: of.member, zone, capImportWh: 5000, capExportWh: 5000 })
  chain.issue(of.member, 10_000_000_000n)
  chain.enrol(of.site, of.gateway)
}

export function signedOrder(of: House, overrides: Partial<Order> & Pick<Order, 'sequence' | 'side'>): SignedMessage {
  const value: Order = {
    chain: CHAIN_ID,
    community: COMMUNITY,
    gateway: of.key.publicKey,
    epoch: 1,
    kind: 'spot',
    slotStart: SLOT,
    energyWh: 1000,
    priceMicro: overrides.side === 'bid' ? 300_000 : 100_000,
    expiresAt: 0,
    energyTypes: overrides.side === 'bid' ? 0 : 1,
    ...overrides,
  }
  return signMessage({ type: 'order', value }, of.key)
}

export function signedCancel(
  of: House,
  overrides: Partial<Cancel> & Pick<Cancel, 'sequence' | 'target'>,
): SignedMessage {
  const value: Cancel = { chain: CHAIN_ID, gateway: of.key.publicKey, epoch: 1, ...overrides }
  return signMessage({ type: 'cancel', value }, of.key)
}

export function signedEnergy(of: House, overrides: Partial<Energy> & Pick<Energy, 'sequence'>): SignedMessage {
  const value: Energy = {
    chain: CHAIN_ID,
    community: COMMUNITY,
    gateway: of.key.publicKey,
    epoch: 1,
    slotStart: SLOT,
    importWh: 0,
    exportWh: 0,
    errorWh: 1,
    quality: 'good',
    grade: 'operational',
    salt: new Uint8Array(16).fill(overrides.sequence),
    previous: new Uint8Array(32),
    ...overrides,
  }
  return signMessage({ type: 'energy', value }, of.key)
}

/** Resolves once the condition holds; fails after five seconds. */
export async function until(condition: () => boolean, what = 'condition'): Promise<void> {
  const end = performance.now() + 5000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not reached: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

export const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

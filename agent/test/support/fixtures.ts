import {
  type CommunityRules,
  DEFAULT_RULES,
  type EnrolmentGrant,
  gatewayIdFrom,
  signingKeyFromSeed,
  toHex,
} from '@wattfleet/protocol'
import type { Signer } from '../../src/adapters/sqlite-outbox.ts'
import type { Strategy } from '../../src/core/decide.ts'
import { type Identity, sealer } from '../../src/identity.ts'
import type { Log } from '../../src/ports.ts'

export const RULES: CommunityRules = { community: 1, ...DEFAULT_RULES }

export const STRATEGY: Strategy = { bidMicro: 280_000, offerMicro: 120_000, horizonSlots: 4, minimumWh: 20 }

export const HUB_KEY = signingKeyFromSeed(new Uint8Array(32).fill(9))
export const GATEWAY_KEY = signingKeyFromSeed(new Uint8Array(32).fill(7))

export function grant(overrides: Partial<EnrolmentGrant> = {}): EnrolmentGrant {
  return {
    gateway: gatewayIdFrom(new Uint8Array(16).fill(3)),
    certificatePem: '-----BEGIN CERTIFICATE-----',
    caPem: '-----BEGIN CERTIFICATE-----',
    chain: '5a'.repeat(32),
    epoch: 1,
    rules: RULES,
    brokerUrl: 'mqtts://127.0.0.1:8883',
    hubKey: toHex(HUB_KEY.publicKey),
    capImportWh: 4_000,
    capExportWh: 4_000,
    ...overrides,
  }
}

export function identity(overrides: Partial<EnrolmentGrant> = {}): Identity {
  return { grant: grant(overrides), key: GATEWAY_KEY }
}

/** Whom an outbox signs for: the fixture's gateway in epoch 1. */
export function signer(overrides: Partial<Signer> = {}): Signer {
  return { epoch: 1, gateway: toHex(GATEWAY_KEY.publicKey), ...overrides }
}

/** Seals as the fixture's gateway, with salts that count up. */
export function testSeal(overrides: Partial<EnrolmentGrant> = {}) {
  let salts = 0
  return sealer(identity(overrides), () => new Uint8Array(16).fill(++salts))
}

/** Keeps what was logged, so that a test can ask for it. */
export function memoryLog(): Log & { readonly lines: readonly { level: string; message: string; fields: object }[] } {
  const lines: { level: string; message: string; fields: object }[] = []
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, message, fields })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), lines }
}

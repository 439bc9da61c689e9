import { sha256, toHex } from './bytes.ts'
import { ScaleWriter } from './scale.ts'

/** What identifies a signed message everywhere: every step is idempotent on it. */
export interface Identity {
  readonly gateway: Uint8Array
  readonly epoch: number
  readonly sequence: number
}

/** SHA-256 over SCALE(gateway 32, epoch u32, sequence u64): the order's id on the chain and in every index. */
export function orderId(identity: Identity): Uint8Array {
  return sha256(new ScaleWriter().bytes(identity.gateway, 32).u32(identity.epoch).u64(identity.sequence).done())
}

export function orderIdHex(identity: Identity): string {
  return toHex(orderId(identity))
}

/** A gateway's name on the wire: certificate common name, MQTT client id and topic level; 26 characters of base32, 128 random bits. */
export const GATEWAY_ID = /^[a-z2-7]{26}$/

export function isGatewayId(text: string): boolean {
  return GATEWAY_ID.test(text)
}

/** The wire name made of 16 random bytes (RFC 4648 base32, lower case, no padding). */
export function gatewayIdFrom(random: Uint8Array): string {
  if (random.length !== 16) throw new RangeError(`a gateway id is made of 16 bytes, not ${random.length}`)
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
  let bits = 0n
  for (const byte of random) bits = (bits << 8n) | BigInt(byte)
  bits <<= 2n // 128 bits into 26 × 5
  let text = ''
  for (let i = 25; i >= 0; i--) text += alphabet[Number((bits >> BigInt(5 * i)) & 31n)]
  return text
}

import type { SigningKey } from '../keys.ts'
import { verifySignature } from '../keys.ts'
import { type Cancel, decodeCancel, encodeCancel } from './cancel.ts'
import { decodeEnergy, type Energy, encodeEnergy } from './energy.ts'
import { decodeOrder, encodeOrder, type Order } from './order.ts'
import { tagOf } from './tag.ts'

/** A message as the gateway signed it: on MQTT its bytes are followed directly by the 64 bytes of the signature. */
export interface SignedMessage {
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
}

export type Message =
  | { readonly type: 'order'; readonly value: Order }
  | { readonly type: 'cancel'; readonly value: Cancel }
  | { readonly type: 'energy'; readonly value: Energy }

export const SIGNATURE_BYTES = 64
/** Twice what a gateway ever has reason to send (an energy message and its signature: 218 bytes); everything larger is refused unread. */
export const MAX_SIGNED_PAYLOAD_BYTES = 512

export function encodeMessage(message: Message): Uint8Array {
  switch (message.type) {
    case 'order':
      return encodeOrder(message.value)
    case 'cancel':
      return encodeCancel(message.value)
    case 'energy':
      return encodeEnergy(message.value)
  }
}

/** The message in these bytes, whichever it is; undefined where they follow no known layout. */
export function decodeMessage(bytes: Uint8Array): Message | undefined {
  switch (tagOf(bytes)) {
    case 'wfo1': {
      const value = decodeOrder(bytes)
      return value && { type: 'order', value }
    }
    case 'wfc1': {
      const value = decodeCancel(bytes)
      return value && { type: 'cancel', value }
    }
    case 'wfe1': {
      const value = decodeEnergy(bytes)
      return value && { type: 'energy', value }
    }
    default:
      return undefined
  }
}

export function signMessage(message: Message, key: SigningKey): SignedMessage {
  const bytes = encodeMessage(message)
  return { bytes, signature: key.sign(bytes) }
}

/** Whether the gateway named inside the message signed exactly these bytes. */
export function isSignedByItsGateway(message: Message, signed: SignedMessage): boolean {
  return verifySignature(message.value.gateway, signed.bytes, signed.signature)
}

export function toPayload(signed: SignedMessage): Uint8Array {
  return Uint8Array.from(Buffer.concat([signed.bytes, signed.signature]))
}

/** Splits a payload; undefined when it is too short to hold a signature or longer than any message. */
export function fromPayload(payload: Uint8Array): SignedMessage | undefined {
  if (payload.length <= SIGNATURE_BYTES || payload.length > MAX_SIGNED_PAYLOAD_BYTES) return undefined
  const cut = payload.length - SIGNATURE_BYTES
  return { bytes: Uint8Array.from(payload.subarray(0, cut)), signature: Uint8Array.from(payload.subarray(cut)) }
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  decodeMessage,
  encodeMessage,
  fromHex,
  isSignedByItsGateway,
  type Message,
  orderIdHex,
  signingKeyFromSeed,
  signMessage,
  toHex,
} from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'

/* The vectors that the runtime's own tests read too: bytes, ids and signatures are the same on both sides. */

interface MessageVector {
  readonly name: string
  readonly type: Message['type']
  readonly seed: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly bytes: string
  readonly signature: string
  readonly id?: string
}

const VECTORS = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'vectors', 'messages.json'), 'utf8'),
) as MessageVector[]

const bytesOf = (hex: string): Uint8Array => fromHex(hex, hex.length / 2) ?? expect.fail(`${hex} is not hex`)
const BYTE_FIELDS = new Set(['chain', 'gateway', 'partner', 'salt', 'previous'])

function messageOf({ type, fields }: MessageVector): Message {
  const value = Object.entries(fields).map(([name, field]) => [
    name,
    BYTE_FIELDS.has(name) ? bytesOf(String(field)) : field,
  ])
  return { type, value: Object.fromEntries(value) } as Message
}

describe('messages that gateways sign', () => {
  it.each(VECTORS)('$name', (vector) => {
    const message = messageOf(vector)
    expect(toHex(encodeMessage(message))).toBe(vector.bytes)
    expect(decodeMessage(bytesOf(vector.bytes))).toEqual(message)
    const signed = signMessage(message, signingKeyFromSeed(bytesOf(vector.seed)))
    expect(toHex(signed.signature)).toBe(vector.signature)
    expect(isSignedByItsGateway(message, signed)).toBe(true)
    if (message.type === 'order') expect(orderIdHex(message.value)).toBe(vector.id)
  })
})

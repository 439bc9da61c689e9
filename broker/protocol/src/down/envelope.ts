import { fromHex, toHex } from '../bytes.ts'
import { type SigningKey, verifySignature } from '../keys.ts'

/*
 * Every down message is JSON: { "body": "<JSON text>", "signature": "<128 hex digits>" }.
 * The signature is Ed25519 over the UTF-8 bytes of `body`, so nobody has to agree on how JSON is written.
 */

/** The longest down message a gateway accepts. */
export const MAX_DOWN_BYTES = 64 * 1024

export function sealDown(body: object, key: SigningKey): Uint8Array {
  const text = JSON.stringify(body)
  const signature = toHex(key.sign(Buffer.from(text, 'utf8')))
  return Buffer.from(JSON.stringify({ body: text, signature }), 'utf8')
}

/** The body, if `publicKey` signed it; undefined for anything else, whatever it is. */
export function openDown(payload: Uint8Array, publicKey: Uint8Array): Record<string, unknown> | undefined {
  if (payload.length > MAX_DOWN_BYTES) return undefined
  const envelope = parseObject(Buffer.from(payload).toString('utf8'))
  if (envelope === undefined) return undefined
  const { body, signature } = envelope
  if (typeof body !== 'string' || typeof signature !== 'string') return undefined
  const bytes = fromHex(signature, 64)
  if (bytes === undefined || !verifySignature(publicKey, Buffer.from(body, 'utf8'), bytes)) return undefined
  return parseObject(body)
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

import { createHash } from 'node:crypto'

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** Bytes of a hex text of exactly `length` bytes, with or without `0x`; undefined if it is anything else. */
export function fromHex(text: string, length: number): Uint8Array | undefined {
  const bare = text.startsWith('0x') ? text.slice(2) : text
  if (bare.length !== length * 2 || !/^[0-9a-f]*$/i.test(bare)) return undefined
  return Uint8Array.from(Buffer.from(bare, 'hex'))
}

/** SHA-256: the one hash of the project, native in Node and a host function of the runtime. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

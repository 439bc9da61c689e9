import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { certificateRequest } from '../src/certificate-request.ts'
import { der, derOid, TAG } from '../src/der.ts'
import { p256 } from './support/certificates.ts'

/** Splits the content of a constructed value into its parts, each with its header. */
function partsOf(bytes: Buffer): { tag: number; whole: Buffer; content: Buffer }[] {
  const parts = []
  for (let at = 0; at < bytes.length; ) {
    const first = bytes.readUInt8(at + 1)
    const octets = first < 0x80 ? 0 : first & 0x7f
    const length = octets === 0 ? first : bytes.readUIntBE(at + 2, octets)
    const start = at + 2 + octets
    parts.push({
      tag: bytes.readUInt8(at),
      whole: bytes.subarray(at, start + length),
      content: bytes.subarray(start, start + length),
    })
    at = start + length
  }
  return parts
}

describe('certificateRequest', () => {
  it('is a PKCS #10 request for the key, signed by it', () => {
    const { key, publicKey } = p256()
    const pem = certificateRequest(key)
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE REQUEST-----\n$/)
    const bytes = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')
    const [request] = partsOf(bytes)
    const [info, , signature] = partsOf(request?.content ?? Buffer.alloc(0))
    const [version, , spki, attributes] = partsOf(info?.content ?? Buffer.alloc(0))
    expect(version?.content).toEqual(Buffer.of(0))
    expect(attributes?.whole).toEqual(Buffer.of(0xa0, 0))
    const inside = createPublicKey({ key: spki?.whole ?? Buffer.alloc(0), format: 'der', type: 'spki' })
    expect(inside.equals(publicKey)).toBe(true)
    expect(
      verify('sha256', info?.whole ?? Buffer.alloc(0), inside, signature?.content.subarray(1) ?? Buffer.alloc(0)),
    ).toBe(true)
  })
})

describe('der', () => {
  it.each([
    { length: 5, header: [0x30, 5] },
    { length: 127, header: [0x30, 127] },
    { length: 128, header: [0x30, 0x81, 128] },
    { length: 300, header: [0x30, 0x82, 1, 44] },
  ])('writes the length $length as X.690 wants it', ({ length, header }) => {
    expect([...der(TAG.sequence, new Uint8Array(length)).subarray(0, header.length)]).toEqual(header)
  })

  it('writes object identifiers in base 128', () => {
    expect(Buffer.from(derOid('1.2.840.10045.4.3.2')).toString('hex')).toBe('06082a8648ce3d040302')
  })
})

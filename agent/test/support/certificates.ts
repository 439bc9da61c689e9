import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { der, derBits, derOid, TAG, toPem } from '../../src/der.ts'

/*
 * A certificate authority for tests: X.509 version 3 (RFC 5280), P-256 throughout.
 */

const ECDSA_WITH_SHA256 = der(TAG.sequence, derOid('1.2.840.10045.4.3.2'))
const DAY_MS = 86_400_000

export interface TestCa {
  readonly certificatePem: string
  /** A certificate for this public key; `serves` puts 127.0.0.1 into it. */
  issue(commonName: string, publicKey: KeyObject, options?: { serves?: boolean }): string
}

export function p256(): { key: KeyObject; publicKey: KeyObject; keyPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { key: privateKey, publicKey, keyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string }
}

export function testCa(name = 'Test CA'): TestCa {
  const { key, publicKey } = p256()
  const isCa = extension('2.5.29.19', true, der(TAG.sequence, der(0x01, Uint8Array.of(0xff))))
  return {
    certificatePem: certificate(name, name, publicKey, [isCa], key),
    issue(commonName, subject, { serves = false } = {}) {
      const address = extension('2.5.29.17', false, der(TAG.sequence, der(0x87, Uint8Array.of(127, 0, 0, 1))))
      return certificate(name, commonName, subject, serves ? [address] : [], key)
    },
  }
}

function certificate(issuer: string, subject: string, publicKey: KeyObject, extensions: Uint8Array[], key: KeyObject) {
  const serial = Uint8Array.of(0x01, ...randomBytes(8))
  const info = der(
    TAG.sequence,
    der(TAG.context0, der(TAG.integer, Uint8Array.of(2))),
    der(TAG.integer, serial),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer),
    der(TAG.sequence, utcTime(Date.now() - DAY_MS), utcTime(Date.now() + DAY_MS)),
    distinguishedName(subject),
    createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })).export({ format: 'der', type: 'spki' }),
    ...(extensions.length > 0 ? [der(0xa3, der(TAG.sequence, ...extensions))] : []),
  )
  return toPem('CERTIFICATE', der(TAG.sequence, info, ECDSA_WITH_SHA256, derBits(sign('sha256', info, key))))
}

function distinguishedName(commonName: string): Uint8Array {
  const attribute = der(TAG.sequence, derOid('2.5.4.3'), der(TAG.utf8String, Buffer.from(commonName, 'utf8')))
  return der(TAG.sequence, der(TAG.set, attribute))
}

function utcTime(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`, 'ascii'))
}

function extension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [der(0x01, Uint8Array.of(0xff))] : []
  return der(TAG.sequence, derOid(oid), ...flag, der(0x04, value))
}

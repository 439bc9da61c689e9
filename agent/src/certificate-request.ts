import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { der, derBits, derOid, TAG, toPem } from './der.ts'

const COMMON_NAME = '2.5.4.3'
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'

/**
 * A PKCS #10 request (RFC 2986) for a P-256 key, PEM. Its subject says only what it is: the utility names the gateway.
 *
 *   CertificationRequest     ::= SEQUENCE { info, SEQUENCE { ecdsa-with-SHA256 }, BIT STRING signature }
 *   CertificationRequestInfo ::= SEQUENCE { version 0, subject, subjectPublicKeyInfo, [0] attributes (none) }
 */
export function certificateRequest(key: KeyObject): string {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const attribute = der(TAG.sequence, derOid(COMMON_NAME), der(TAG.utf8String, Buffer.from('gateway', 'utf8')))
  const subject = der(TAG.sequence, der(TAG.set, attribute))
  const info = der(TAG.sequence, der(TAG.integer, Uint8Array.of(0)), subject, spki, der(TAG.context0))
  const algorithm = der(TAG.sequence, derOid(ECDSA_WITH_SHA256))
  return toPem('CERTIFICATE REQUEST', der(TAG.sequence, info, algorithm, derBits(sign('sha256', info, key))))
}

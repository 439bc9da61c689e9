import { createCipheriv, createPrivateKey, type KeyObject, randomBytes, scryptSync } from 'node:crypto'
import { Fault, messageOf } from '@wattfleet/protocol'

/**
 * scrypt (RFC 7914) with N = 2^14, r = 8, p = 5: 16 MiB and some 0.3 s a guess, what OWASP's password storage sheet asks for
 * at this N. A larger N is more than OpenSSL's readers allow by default (32 MiB), and the key must open with those too.
 */
const SCRYPT = { N: 2 ** 14, r: 8, p: 5 } as const
const KEY_BYTES = 32
/** The least that stands up to guessing offline at that price: four random words have more. */
const MIN_PASSPHRASE_LENGTH = 12

const PBES2 = '06092a864886f70d01050d'
const SCRYPT_OID = '06092b06010401da47040b'
const AES_256_CBC = '060960864801650304012a'

/**
 * A private key as EncryptedPrivateKeyInfo (RFC 5958), PEM: PBES2 (RFC 8018) with scrypt and AES-256-CBC. Node would write
 * PBKDF2 with 2,048 rounds, which a graphics card guesses through. Throws Fault `config` where the passphrase is too short.
 *
 *   EncryptedPrivateKeyInfo ::= SEQUENCE { SEQUENCE { pbes2, SEQUENCE { kdf, cipher } }, OCTET STRING }
 *   kdf    ::= SEQUENCE { scrypt, SEQUENCE { salt, N, r, p, keyLength } }   (RFC 7914, 7)
 *   cipher ::= SEQUENCE { aes256-CBC, OCTET STRING iv }
 */
export function encryptKey(key: KeyObject, passphrase: string): string {
  if (passphrase.length < MIN_PASSPHRASE_LENGTH) {
    throw new Fault('config', `the passphrase is too short: expected at least ${MIN_PASSPHRASE_LENGTH} characters`)
  }
  const [salt, iv] = [randomBytes(16), randomBytes(16)]
  const { N, r, p } = SCRYPT
  const derived = scryptSync(Buffer.from(passphrase, 'utf8'), salt, KEY_BYTES, { N, r, p, maxmem: 64 * 1024 * 1024 })
  const cipher = createCipheriv('aes-256-cbc', derived, iv)
  const sealed = Buffer.concat([cipher.update(key.export({ format: 'der', type: 'pkcs8' })), cipher.final()])
  const figures = [N, r, p, KEY_BYTES].map((figure) => tlv(0x02, integer(figure)))
  const kdf = sequence(Buffer.from(SCRYPT_OID, 'hex'), sequence(tlv(0x04, salt), ...figures))
  const scheme = sequence(Buffer.from(AES_256_CBC, 'hex'), tlv(0x04, iv))
  const algorithm = sequence(Buffer.from(PBES2, 'hex'), sequence(kdf, scheme))
  const lines =
    sequence(algorithm, tlv(0x04, sealed))
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return ['-----BEGIN ENCRYPTED PRIVATE KEY-----', ...lines, '-----END ENCRYPTED PRIVATE KEY-----', ''].join('\n')
}

/** Opens such a key, or one that OpenSSL encrypted. Throws Fault `config` where the passphrase is wrong, or it is no key. */
export function decryptKey(pem: string, passphrase: string, path: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, passphrase })
  } catch (error) {
    throw new Fault('config', `${path}: cannot be opened with this passphrase: ${messageOf(error)}`, { cause: error })
  }
}

/** X.690, 8.1.3: all lengths here are below 65,536. */
function tlv(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  const octets = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Uint8Array.of(tag, ...octets), content])
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x30, Buffer.concat(parts))
}

/** X.690, 8.3: the fewest octets, the top bit is the sign. */
function integer(value: number): Uint8Array {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Uint8Array.of(0), bytes]) : bytes
}

import {
  createPrivateKey,
  createPublicKey,
  sign as cryptoSign,
  verify as cryptoVerify,
  type KeyObject,
} from 'node:crypto'

// DER headers of RFC 8410 around a raw 32-byte Ed25519 key.
const PKCS8_HEADER = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_HEADER = Buffer.from('302a300506032b6570032100', 'hex')

/** An Ed25519 key pair that signs. The seed stays inside. */
export interface SigningKey {
  /** 32 bytes */
  readonly publicKey: Uint8Array
  /** 64 bytes over exactly the bytes given */
  sign(bytes: Uint8Array): Uint8Array
}

/** The key pair of a 32-byte seed (RFC 8032). */
export function signingKeyFromSeed(seed: Uint8Array): SigningKey {
  if (seed.length !== 32) throw new RangeError(`an Ed25519 seed has 32 bytes, not ${seed.length}`)
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEADER, seed]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: Uint8Array.from(spki.subarray(SPKI_HEADER.length)),
    sign: (bytes) => Uint8Array.from(cryptoSign(null, bytes, key)),
  }
}

function publicKeyObject(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEADER, publicKey]), format: 'der', type: 'spki' })
}

/** Whether `signature` is the Ed25519 signature of `bytes` under a raw public key. Never throws on bad input. */
export function verifySignature(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  try {
    return cryptoVerify(null, bytes, publicKeyObject(publicKey), signature)
  } catch {
    return false
  }
}

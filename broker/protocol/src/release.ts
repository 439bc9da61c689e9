import { fromHex, toHex } from './bytes.ts'
import { type Body, hex, natural } from './down/fields.ts'
import { type SigningKey, verifySignature } from './keys.ts'

/** A version of the software as Semantic Versioning 2.0.0 writes it, without build data; it is also the name of a folder. */
export const VERSION = /^\d{1,5}\.\d{1,5}\.\d{1,5}(-[0-9A-Za-z][0-9A-Za-z.-]{0,31})?$/
const HTTPS = /^https:\/\/[\x21-\x7e]{1,1000}$/
/** Node, the agent and its modules take some 100 MB; a gateway's card has room for no more. */
export const MOST_RELEASE_BYTES = 512 * 1024 * 1024

/** Software for gateways: one archive (tar, gzip) of what goes into the folder of its version. */
export interface Release {
  readonly version: string
  /** Of the archive, hex. */
  readonly sha256: string
  /** Of the archive, bytes. */
  readonly size: number
  /** `https://…`: where the archive lies. Only its hash says that it is the one. */
  readonly url: string
}

export interface SignedRelease extends Release {
  /** Ed25519 by the utility over `releaseBytes`, hex: whoever installs it needs to trust nobody else. */
  readonly signature: string
}

/** What is signed of a release: a text, a field a line. */
export function releaseBytes({ version, sha256, size, url }: Release): Uint8Array {
  return Buffer.from(`wattfleet release 1\n${version}\n${sha256}\n${size}\n${url}\n`, 'utf8')
}

export function signRelease(release: Release, key: SigningKey): SignedRelease {
  const { version, sha256, size, url } = release
  return { version, sha256, size, url, signature: toHex(key.sign(releaseBytes(release))) }
}

/** Whether the utility with this public key signed the release. */
export function isSignedRelease(release: SignedRelease, publicKey: Uint8Array): boolean {
  const signature = fromHex(release.signature, 64)
  return signature !== undefined && verifySignature(publicKey, releaseBytes(release), signature)
}

/** What is wrong with the figures of a release; undefined where nothing is. */
export function releaseMistake(value: Body): string | undefined {
  const { version, url } = value
  const size = natural(value, 'size')
  if (typeof version !== 'string' || !VERSION.test(version)) return 'version: expected <major>.<minor>.<patch>'
  if (hex(value, 'sha256', 32) === undefined) return 'sha256: expected 64 lower-case hex digits'
  if (size === undefined || size < 1 || size > MOST_RELEASE_BYTES) {
    return `size: expected the archive's bytes, at most ${MOST_RELEASE_BYTES}`
  }
  return typeof url === 'string' && HTTPS.test(url) ? undefined : 'url: expected https://...'
}

export function isRelease(value: unknown): value is SignedRelease {
  if (typeof value !== 'object' || value === null) return false
  const body = value as Body
  return releaseMistake(body) === undefined && hex(body, 'signature', 64) !== undefined
}

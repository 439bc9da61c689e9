/*
 * A claim in one line, short enough for a QR code on a label:
 *
 *   wattfleet:1;<url of the enrolment service>;<fingerprint>;<secret>
 *
 * Fingerprint (SHA-256 of the CA's certificate, DER) and secret are 32 bytes each in base64url (RFC 4648, 5) without padding.
 * The certificate itself does not fit: the gateway asks the service for it (GET /v1/ca) and takes it only if its
 * fingerprint is the label's.
 */

/** A claim without the CA's certificate. */
export interface ShortClaim {
  /** `https://host:port` of the utility's enrolment service. */
  readonly url: string
  /** SHA-256 of the CA's certificate (DER), hex. */
  readonly caFingerprint: string
  /** The one-time secret, 32 random bytes, hex. */
  readonly claim: string
}

const SCHEME = 'wattfleet:'
const VERSION = '1'
/** Longer ones make codes that a phone reads badly. */
const URL_LENGTH = 200

/** What a label's code says. */
export function claimText({ url, caFingerprint, claim }: ShortClaim): string {
  return SCHEME + [VERSION, url, base64(caFingerprint), base64(claim)].join(';')
}

/** Whether a text means to be one. */
export function isClaimText(text: string): boolean {
  return text.trimStart().startsWith(SCHEME)
}

export type ClaimTextRead =
  | { readonly ok: true; readonly claim: ShortClaim }
  | { readonly ok: false; readonly expected: string }

export function parseClaimText(text: string): ClaimTextRead {
  const line = text.trim()
  if (!line.startsWith(SCHEME)) return refuse(`a text that begins with ${SCHEME}`)
  const [version, url = '', fingerprint = '', secret = '', ...more] = line.slice(SCHEME.length).split(';')
  if (version !== VERSION) return refuse(`a claim of version ${VERSION}, got ${JSON.stringify(version)}`)
  if (more.length > 0) return refuse('four parts between semicolons')
  if (url.length > URL_LENGTH || !/^https:\/\/[^\s/]/.test(url) || !URL.canParse(url))
    return refuse('https://host:port')
  const [caFingerprint, claim] = [hex(fingerprint), hex(secret)]
  if (caFingerprint === undefined) return refuse('a fingerprint of 43 letters of base64url')
  if (claim === undefined) return refuse('a secret of 43 letters of base64url')
  return { ok: true, claim: { url, caFingerprint, claim } }
}

function base64(hexText: string): string {
  return Buffer.from(hexText, 'hex').toString('base64url')
}

/** Undefined where it is not 32 bytes, written in the one way there is. */
function hex(text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length === 32 && bytes.toString('base64url') === text ? bytes.toString('hex') : undefined
}

function refuse(expected: string): ClaimTextRead {
  return { ok: false, expected }
}

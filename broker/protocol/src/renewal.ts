import type { EnrolmentGrant } from './enrolment.ts'

/*
 * A gateway's next certificate, over HTTPS: POST /v1/renew with a RenewalRequest as JSON, answered by an EnrolmentGrant
 * (200) or a RenewalRefusal. The certificate before works on; once the broker has let the gateway in with the new one, it
 * says so with POST /v1/renew/proven, and only then is the former refused.
 *
 * Both are signed by the gateway's signing key, not by TLS: so a certificate that has expired can still be renewed, and can
 * do nothing else. What is signed names the certificate in force, which serves once: a request that is sent again is the
 * same request, and one from before the last renewal is nothing, on whatever day the gateway believes to be.
 */

export interface RenewalRequest {
  /** Wire name. */
  readonly gateway: string
  /** Serial number of the certificate that this one takes the place of, lower-case hex. */
  readonly certificate: string
  /** PKCS #10 request (RFC 2986), PEM, signed by a TLS key that never had a certificate. */
  readonly csrPem: string
  /** Ed25519 signature, by the signing key, over `renewalProof`. Hex. */
  readonly proof: string
}

/** Says that the broker has let the gateway in with its new certificate. */
export interface ProvenRequest {
  readonly gateway: string
  /** Serial number of the new certificate, lower-case hex. */
  readonly certificate: string
  /** Ed25519 signature, by the signing key, over `provenProof`. Hex. */
  readonly proof: string
}

/** The longest serial number of a certificate: RFC 5280, 4.1.2.2. */
export const CERTIFICATE_SERIAL = /^[0-9a-f]{2,40}$/

/** What the signing key signs to ask for a certificate. */
export function renewalProof({ gateway, certificate, csrPem }: Omit<RenewalRequest, 'proof'>): Uint8Array {
  return Buffer.from(`wattfleet renew 1\n${gateway}\n${certificate}\n${csrPem}`, 'utf8')
}

/** What it signs once the new certificate has worked. */
export function provenProof({ gateway, certificate }: Omit<ProvenRequest, 'proof'>): Uint8Array {
  return Buffer.from(`wattfleet proven 1\n${gateway}\n${certificate}\n`, 'utf8')
}

export const RENEWAL_REFUSALS = [
  'malformed', // the request does not follow the contract
  'bad-proof', // of the signing key or of the certificate request
  'unknown-gateway',
  'unknown-certificate', // none that is in force: another took its place
  'key-used', // a new certificate is for a new key
  'too-soon', // ask again later: one was issued a moment ago
  'quarantined', // the utility has to look first
  'revoked', // its keys are dead
  'retired', // out of service for good
] as const

export interface RenewalRefusal {
  readonly error: (typeof RENEWAL_REFUSALS)[number]
  readonly message: string
}

/** What a renewal may change of a grant; the rest stays as it was at enrolment. */
export type RenewedPart = Pick<
  EnrolmentGrant,
  'certificatePem' | 'caPem' | 'brokerUrl' | 'hubKey' | 'rules' | 'serviceUrl'
>

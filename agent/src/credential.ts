import { createPrivateKey, X509Certificate } from 'node:crypto'
import { type EnrolmentGrant, Fault } from '@wattfleet/protocol'
import type { Validity } from './core/renewal.ts'

/** A certificate with its key and everything that was handed down with it. */
export interface Credential extends Validity {
  readonly grant: EnrolmentGrant
  /** PEM, PKCS #8. */
  readonly tlsKeyPem: string
  /** Serial number of the certificate, lower-case hex. */
  readonly serial: string
}

/** Checks that the certificate is this gateway's own before anything relies on it. Throws Fault `enrolment`. */
export function credentialOf(grant: EnrolmentGrant, tlsKeyPem: string): Credential {
  const certificate = new X509Certificate(grant.certificatePem)
  if (!certificate.checkPrivateKey(createPrivateKey(tlsKeyPem))) {
    throw new Fault('enrolment', 'the certificate in the grant is not for the key of this gateway')
  }
  if (!certificate.subject.split('\n').includes(`CN=${grant.gateway}`)) {
    throw new Fault('enrolment', `the certificate names ${certificate.subject}, the grant ${grant.gateway}`)
  }
  const [notBeforeMs, notAfterMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
  return { grant, tlsKeyPem, serial: certificate.serialNumber.toLowerCase(), notBeforeMs, notAfterMs }
}

import type { CertificateRecord, Renewal } from '../ports.ts'

/** The certificate in force that another may take the place of. */
export function inForce(
  certificates: readonly CertificateRecord[],
  pending: Renewal | undefined,
): CertificateRecord | undefined {
  return certificates.find((one) => one.isInForce && one.fingerprint !== pending?.certificate.fingerprint)
}

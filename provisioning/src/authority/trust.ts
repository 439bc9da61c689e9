import { X509Certificate } from 'node:crypto'
import { Fault, messageOf } from '@wattfleet/protocol'

/** One root that is trusted. */
export interface Root {
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string
  readonly certificate: X509Certificate
  readonly pem: string
}

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/** The certificates of a PEM text, in order. Throws Fault `config` naming the source where one is none, or there is none. */
export function certificatesIn(pem: string, source: string): X509Certificate[] {
  const blocks = pem.match(BLOCK) ?? []
  if (blocks.length === 0) throw new Fault('config', `${source}: is not a certificate`)
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch (error) {
    throw new Fault('config', `${source}: is not a certificate: ${messageOf(error)}`, { cause: error })
  }
}

/** The roots of a bundle. Throws Fault `config` where one is not the self-signed certificate of a CA. */
export function rootsIn(pem: string, source: string): Root[] {
  return certificatesIn(pem, source).map((certificate) => {
    if (!certificate.ca || !isSelfSigned(certificate)) {
      throw new Fault('config', `${source}: ${nameOf(certificate)} is not the self-signed certificate of a root`)
    }
    return { fingerprint: fingerprintIn(certificate), certificate, pem: pemOf(certificate) }
  })
}

export function bundleOf(roots: readonly Root[]): string {
  return roots.map(({ pem }) => pem).join('')
}

export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey)
}

/** The root that issued a certificate, among these. */
export function rootOf(certificate: X509Certificate, roots: readonly Root[]): Root | undefined {
  return roots.find(({ certificate: root }) => certificate.checkIssued(root) && certificate.verify(root.publicKey))
}

export function fingerprintIn({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase()
}

export function nameOf({ subject }: X509Certificate): string {
  return subject.split('\n').join(', ')
}

/** Always with one line end after it, so that certificates can be put behind each other. */
export function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString().trim()}\n`
}

/**
 * Reads the fingerprints of the roots in bundles that gateways were given; none where one cannot be read. A fleet shares few
 * bundles: each is read once.
 */
export function bundleReader(): (bundle: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>()
  const read = (bundle: string): ReadonlySet<string> => {
    try {
      return new Set(certificatesIn(bundle, 'bundle').map(fingerprintIn))
    } catch {
      return new Set()
    }
  }
  return (bundle) => {
    const seen = known.get(bundle) ?? read(bundle)
    known.set(bundle, seen)
    return seen
  }
}

import { createPrivateKey, generateKeyPairSync, type X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PRIVATE_MODE, PUBLIC_MODE, writeFileAtomic } from '@wattfleet/protocol'
import type { Authority } from './authority.ts'
import { certificatesIn, fingerprintIn, rootsIn } from './trust.ts'

/** The loopback's names. */
export const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '::1'] as const

const SERVICE_VALID_DAYS = 365
/** A service's certificate that ends sooner than this is made anew when the service starts. */
const RENEW_BEFORE_MS = 30 * 86_400_000

/** A certificate with the key made for it in this process, PEM. */
export interface Identity {
  readonly certificatePem: string
  readonly privateKeyPem: string
  readonly caPem: string
}

export interface IdentityPaths {
  readonly caPath: string
  readonly certPath: string
  readonly keyPath: string
}

/** A certificate for a server of the utility (the broker, the enrolment service), good for the loopback unless other hosts are named. */
export function issueServerCertificate(
  authority: Authority,
  options: { readonly commonName: string; readonly hosts?: readonly string[] },
): Promise<Identity> {
  return issue(authority, { commonName: options.commonName, usage: 'server', hosts: options.hosts ?? LOOPBACK_HOSTS })
}

/** A hub's client certificate. `commonName` is `hub`, or `hub-<n>` where several share the partitions. */
export function issueHubCertificate(authority: Authority, commonName = 'hub'): Promise<Identity> {
  return issue(authority, { commonName, unit: 'hub', usage: 'client' })
}

/** A client certificate for whoever watches the fleet and configures it: `utility`, or `utility-<n>` where there are several. */
export function issueUtilityCertificate(authority: Authority, commonName = 'utility'): Promise<Identity> {
  return issue(authority, { commonName, unit: 'utility', usage: 'client' })
}

/**
 * Keeps an identity in `dir` as `<name>.pem`, `<name>.key` (mode 0600) and `ca.pem`: what lies there stays while it is of
 * this CA, not about to end, and what is wanted; otherwise `make` is asked for another.
 */
export async function keepIdentity(
  authority: Authority,
  dir: string,
  name: string,
  make: () => Promise<Identity>,
  isWanted: (certificate: X509Certificate) => boolean = () => true,
): Promise<IdentityPaths> {
  const paths = { caPath: join(dir, 'ca.pem'), certPath: join(dir, `${name}.pem`), keyPath: join(dir, `${name}.key`) }
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (!isGood(authority, paths, isWanted)) {
    const identity = await make()
    // The certificate last: a key without its certificate is replaced, the reverse would be mistaken for an identity.
    writeFileAtomic(paths.keyPath, identity.privateKeyPem, PRIVATE_MODE)
    writeFileAtomic(paths.certPath, identity.certificatePem, PUBLIC_MODE)
  }
  writeFileAtomic(paths.caPath, authority.caPem, PUBLIC_MODE)
  return paths
}

function isGood(
  authority: Authority,
  { certPath, keyPath }: IdentityPaths,
  isWanted: (certificate: X509Certificate) => boolean,
): boolean {
  if (!existsSync(certPath) || !existsSync(keyPath)) return false
  const chain = certificatesIn(readFileSync(certPath, 'utf8'), certPath)
  const [leaf] = chain
  if (!leaf?.checkPrivateKey(createPrivateKey(readFileSync(keyPath))) || !isWanted(leaf)) return false
  // of the issuing CA in force: it comes with its leaves, and is the root itself only in a CA of before
  const issuers = [...chain.slice(1), ...rootsIn(authority.caPem, certPath).map((root) => root.certificate)]
  const issuer = issuers.find((one) => fingerprintIn(one) === authority.issuing)
  return (
    issuer !== undefined && leaf.verify(issuer.publicKey) && Date.parse(leaf.validTo) > Date.now() + RENEW_BEFORE_MS
  )
}

async function issue(
  authority: Authority,
  request: { commonName: string; unit?: string; usage: 'client' | 'server'; hosts?: readonly string[] },
): Promise<Identity> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const { certificatePem } = await authority.issue({
    ...request,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    validDays: SERVICE_VALID_DAYS,
  })
  const privateKeyPem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  return { certificatePem, privateKeyPem, caPem: authority.caPem }
}

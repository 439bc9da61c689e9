import 'reflect-metadata'
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate as NodeCertificate,
  randomBytes,
  webcrypto,
} from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { Fault, messageOf, PRIVATE_MODE, PUBLIC_MODE, writeFileAtomic } from '@wattfleet/protocol'

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 86_400_000
const CA_DAYS = 3_650
/** A gateway without a battery clock boots in the past: what is issued now must be valid for it already. */
const EARLY_MS = 3_600_000

export interface LeafRequest {
  readonly commonName: string
  /** Organizational unit: the role that the broker reads. */
  readonly unit?: string
  /** SubjectPublicKeyInfo, DER. The private key stays with whoever made it. */
  readonly publicKey: Uint8Array
  readonly usage: 'client' | 'server'
  /** DNS names and IP addresses that a server answers to. */
  readonly hosts?: readonly string[]
  readonly validDays: number
}

export interface IssuedLeaf {
  readonly certificatePem: string
  readonly serial: string
  /** SHA-256 of the certificate, lower-case hex: what a list of revoked certificates names. */
  readonly fingerprint: string
  readonly notAfterMs: number
}

/** The utility's certificate authority. Validity is on the wall's clock, whatever clock the market runs on. */
export interface Authority {
  readonly caPem: string
  issue(request: LeafRequest): Promise<IssuedLeaf>
}

/**
 * Opens the CA in `dir`, or makes it there on first use: `ca.key` (PKCS #8, mode 0600) and `ca.pem`. Throws Fault `config`
 * when what lies there cannot be used.
 */
export async function createAuthority(dir: string, name = 'Wattfleet development CA'): Promise<Authority> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const keyPath = join(dir, 'ca.key')
  const certPath = join(dir, 'ca.pem')
  if (!existsSync(keyPath)) {
    if (existsSync(certPath)) throw new Fault('config', `${certPath}: the CA's key ${keyPath} is missing`)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    writeFileAtomic(keyPath, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), PRIVATE_MODE)
  }
  const key = loadKey(keyPath)
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    key.export({ format: 'der', type: 'pkcs8' }),
    ECDSA,
    false,
    ['sign'],
  )
  // A crash between the two files leaves the key alone: the certificate is made from it now.
  if (!existsSync(certPath)) writeFileAtomic(certPath, await selfSigned(name, key, signingKey), PUBLIC_MODE)
  const caPem = loadCertificate(certPath, key)
  const ca = new X509Certificate(caPem)
  return { caPem, issue: (request) => issueLeaf(ca, signingKey, request) }
}

function loadKey(path: string): KeyObject {
  if ((statSync(path).mode & 0o077) !== 0)
    throw new Fault('config', `${path}: may be read by others; expected mode 0600`)
  try {
    return createPrivateKey(readFileSync(path))
  } catch (error) {
    throw new Fault('config', `${path}: is not a private key: ${messageOf(error)}`, { cause: error })
  }
}

function loadCertificate(path: string, key: KeyObject): string {
  const pem = readFileSync(path, 'utf8')
  let certificate: NodeCertificate
  try {
    certificate = new NodeCertificate(pem)
  } catch (error) {
    throw new Fault('config', `${path}: is not a certificate: ${messageOf(error)}`, { cause: error })
  }
  if (!certificate.ca || !certificate.checkPrivateKey(key)) {
    throw new Fault('config', `${path}: is not the certificate of the CA whose key lies beside it`)
  }
  if (Date.parse(certificate.validTo) < Date.now()) throw new Fault('config', `${path}: has expired`)
  return pem
}

async function selfSigned(name: string, key: KeyObject, signingKey: webcrypto.CryptoKey): Promise<string> {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const publicKey = await webcrypto.subtle.importKey('spki', spki, ECDSA, true, ['verify'])
  const now = Date.now()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: [{ CN: [name] }],
    notBefore: new Date(now - EARLY_MS),
    notAfter: new Date(now + CA_DAYS * DAY_MS),
    keys: { privateKey: signingKey, publicKey },
    signingAlgorithm: ECDSA,
    extensions: [
      new BasicConstraintsExtension(true, 0, true), // signs leaves, no further CAs
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  })
  return certificate.toString('pem')
}

async function issueLeaf(
  ca: X509Certificate,
  signingKey: webcrypto.CryptoKey,
  request: LeafRequest,
): Promise<IssuedLeaf> {
  const publicKey = new PublicKey(Uint8Array.from(request.publicKey))
  const now = Date.now()
  const notAfter = new Date(Math.min(now + request.validDays * DAY_MS, ca.notAfter.getTime()))
  const serial = randomSerial()
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial,
    subject: [{ CN: [request.commonName] }, ...(request.unit === undefined ? [] : [{ OU: [request.unit] }])],
    issuer: ca.subjectName,
    notBefore: new Date(now - EARLY_MS),
    notAfter,
    publicKey,
    signingKey,
    signingAlgorithm: ECDSA,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([
        request.usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth,
      ]),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(ca.publicKey),
      ...(request.hosts === undefined ? [] : [alternativeNames(request.hosts)]),
    ],
  })
  return {
    certificatePem: `${certificate.toString('pem')}\n`,
    serial,
    fingerprint: createHash('sha256').update(Buffer.from(certificate.rawData)).digest('hex'),
    notAfterMs: notAfter.getTime(),
  }
}

function alternativeNames(hosts: readonly string[]): SubjectAlternativeNameExtension {
  const isAddress = (host: string) => host.includes(':') || /^[0-9.]+$/.test(host)
  return new SubjectAlternativeNameExtension(
    hosts.map((value) => ({ type: isAddress(value) ? ('ip' as const) : ('dns' as const), value })),
  )
}

/** 127 random bits: unguessable (CA/Browser Forum Baseline Requirements 7.1 ask for 64) and positive (RFC 5280, 4.1.2.2). */
function randomSerial(): string {
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40 // never a leading zero byte
  return serial.toString('hex')
}

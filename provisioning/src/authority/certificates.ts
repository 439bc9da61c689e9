import 'reflect-metadata'
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/*
 * The certificates of the utility, X.509 version 3 (RFC 5280): a root that signs issuing CAs, an issuing CA that signs
 * leaves, and leaves. All times are UTC Unix milliseconds of the wall's clock.
 */

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
export const DAY_MS = 86_400_000
/** A gateway without a battery clock boots in the past: what is issued now must be valid for it already. */
const EARLY_MS = 3_600_000

/** What is signed with: a CA's certificate and its key. */
export interface Issuer {
  readonly certificate: X509Certificate
  readonly key: webcrypto.CryptoKey
}

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

interface Draft {
  readonly subject: JsonName
  readonly publicKey: PublicKey
  readonly validMs: number
  readonly extensions: readonly Extension[]
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
}

/** The key as WebCrypto signs with it. */
export function signingKeyOf(key: KeyObject): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', key.export({ format: 'der', type: 'pkcs8' }), ECDSA, false, ['sign'])
}

/** A CA that signs, from its certificate (PEM or DER) and its key. */
export async function issuerOf(certificate: string | Uint8Array, key: KeyObject): Promise<Issuer> {
  return {
    certificate: new X509Certificate(typeof certificate === 'string' ? certificate : Uint8Array.from(certificate)),
    key: await signingKeyOf(key),
  }
}

/** SubjectPublicKeyInfo, DER. */
export function publicKeyOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ format: 'der', type: 'spki' })
}

/** SHA-256 of a certificate or of anything else in DER, lower-case hex. */
export function fingerprintOf(der: ArrayBuffer | Uint8Array): string {
  return createHash('sha256').update(new Uint8Array(der)).digest('hex')
}

/**
 * The name of a CA: the utility, what it is, and the start of its key's hash, so that two CAs of one utility never have the
 * same name (RFC 5280, 4.1.2.6 wants it unique).
 */
export function caName(utility: string, what: 'root' | 'issuing CA', publicKey: Uint8Array): JsonName {
  return [{ O: [utility] }, { CN: [`${utility} ${what} ${fingerprintOf(publicKey).slice(0, 8)}`] }]
}

/** A root: signs issuing CAs and nothing below them (path length 1). */
export async function rootCertificate(
  utility: string,
  key: KeyObject,
  validDays: number,
  nowMs: number,
): Promise<X509Certificate> {
  const spki = publicKeyOf(key)
  const publicKey = new PublicKey(Uint8Array.from(spki))
  const subject = caName(utility, 'root', spki)
  const draft = { subject, publicKey, validMs: validDays * DAY_MS, extensions: caExtensions(1) }
  return create(draft, { name: subject, publicKey, key: await signingKeyOf(key) }, nowMs)
}

/** An issuing CA: signs leaves, no further CAs (path length 0). It never outlives its root. */
export function issuingCertificate(
  root: Issuer,
  subject: JsonName,
  publicKey: Uint8Array,
  validDays: number,
  nowMs: number,
): Promise<X509Certificate> {
  const validMs = Math.min(validDays * DAY_MS, root.certificate.notAfter.getTime() - nowMs)
  const draft = { subject, publicKey: new PublicKey(Uint8Array.from(publicKey)), validMs, extensions: caExtensions(0) }
  return create(draft, issuedBy(root), nowMs)
}

/** A leaf never outlives the CA that issued it. */
export function leafCertificate(issuer: Issuer, request: LeafRequest, nowMs: number): Promise<X509Certificate> {
  const { commonName, unit, usage, hosts } = request
  const draft = {
    subject: [{ CN: [commonName] }, ...(unit === undefined ? [] : [{ OU: [unit] }])],
    publicKey: new PublicKey(Uint8Array.from(request.publicKey)),
    validMs: Math.min(request.validDays * DAY_MS, issuer.certificate.notAfter.getTime() - nowMs),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
      ...(hosts === undefined ? [] : [alternativeNames(hosts)]),
    ],
  }
  return create(draft, issuedBy(issuer), nowMs)
}

function issuedBy({ certificate, key }: Issuer) {
  return { name: certificate.subjectName, publicKey: certificate.publicKey, key }
}

async function create(
  draft: Draft,
  issuer: { name: JsonName | X509Certificate['subjectName']; publicKey: PublicKey; key: webcrypto.CryptoKey },
  nowMs: number,
): Promise<X509Certificate> {
  return X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: draft.subject,
    issuer: issuer.name,
    notBefore: new Date(nowMs - EARLY_MS),
    notAfter: new Date(nowMs + draft.validMs),
    publicKey: draft.publicKey,
    signingKey: issuer.key,
    signingAlgorithm: ECDSA,
    extensions: [
      ...draft.extensions,
      await SubjectKeyIdentifierExtension.create(draft.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
}

function caExtensions(pathLength: number): Extension[] {
  return [
    new BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ]
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

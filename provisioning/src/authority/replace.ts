import 'reflect-metadata'
import { createPublicKey, type X509Certificate as NodeCertificate, webcrypto } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { Name, Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import { Fault, PUBLIC_MODE, writeFileAtomic } from '@wattfleet/protocol'
import { caName, fingerprintOf, newKey, publicKeyOf, signingKeyOf } from './certificates.ts'
import { caPaths, readKey, readNext, readRoots, writeKey } from './folder.ts'
import { pathLengthOf } from './root.ts'
import { bundleOf, certificatesIn, fingerprintIn, nameOf, pemOf, type Root, rootOf, rootsIn } from './trust.ts'

/*
 * The steps by which an issuing CA, and a root, take the place of another. Each may be repeated. Whether the fleet is ready
 * for one is not asked here.
 */

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
/** One in use and one that takes its place: more would only be ones that somebody forgot. */
const MAX_ROOTS = 2

/** The next issuing CA's key and the request for its certificate; the same again until it is in force. */
export async function requestIssuing(dir: string, utility: string): Promise<{ csrPath: string; key: string }> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const paths = caPaths(dir)
  // a switch that a power cut ended half-way left what is in force by now
  const left = readNext(dir)?.certificate
  if (left !== undefined && isInForce(dir, left)) rmSync(paths.next)
  // the key is on the disk before it is named to anyone
  if (!existsSync(paths.next)) writeKey(paths.next, newKey())
  const key = readKey(paths.next)
  const spki = publicKeyOf(key)
  const publicKey = await webcrypto.subtle.importKey('spki', spki, ECDSA, true, ['verify'])
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: new Name(caName(utility, 'issuing CA', spki)).toJSON(),
    keys: { privateKey: await signingKeyOf(key), publicKey },
    signingAlgorithm: ECDSA,
  })
  writeFileAtomic(paths.request, `${csr.toString('pem').trim()}\n`, PUBLIC_MODE)
  return { csrPath: paths.request, key: fingerprintOf(spki) }
}

/** Trusts another root beside those that are. Throws Fault `config` where it cannot be one. */
export function trustRoot(dir: string, pem: string, source: string, nowMs: number): { root: Root; isNew: boolean } {
  const given = rootsIn(pem, source)
  const [root] = given
  if (root === undefined || given.length !== 1) throw new Fault('config', `${source}: expected one certificate`)
  if (Date.parse(root.certificate.validTo) < nowMs) throw new Fault('config', `${source}: has expired`)
  const trusted = readRoots(dir)
  if (trusted.some(({ fingerprint }) => fingerprint === root.fingerprint)) return { root, isNew: false }
  if (trusted.length >= MAX_ROOTS) throw new Fault('config', `${trusted.length} roots are trusted: withdraw one first`)
  if ((pathLengthOf(root.certificate) ?? 1) < 1) {
    throw new Fault('config', `${source}: this root may not have an issuing CA below it (path length 0)`)
  }
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  // the new one last: whoever reads only the first certificate of a bundle still reads the one that it knew
  writeFileAtomic(caPaths(dir).roots, bundleOf([...trusted, root]), PUBLIC_MODE)
  return { root, isNew: true }
}

/** Takes the certificate that was signed for the requested key. It is not in force yet. Throws Fault `config`. */
export function installIssuing(dir: string, pem: string, source: string, nowMs: number): NodeCertificate {
  const paths = caPaths(dir)
  const next = readNext(dir)
  if (next === undefined) throw new Fault('config', `${paths.next}: nothing was requested: wattfleet-fleet ca request`)
  const certificate = certificatesIn(pem, source).find((one) => one.checkPrivateKey(next.key))
  if (certificate === undefined) throw new Fault('config', `${source}: is not for the key that was requested`)
  const problem =
    (!certificate.ca && 'is not the certificate of a CA') ||
    (pathLengthOf(certificate) !== 0 && 'expected path length 0: it signs leaves and no further CAs') ||
    (Date.parse(certificate.validTo) < nowMs && 'has expired') ||
    (rootOf(certificate, readRoots(dir)) === undefined &&
      'its root is not trusted: wattfleet-fleet ca trust <root.pem> comes first')
  if (problem) throw new Fault('config', `${source}: ${nameOf(certificate)}: ${problem}`)
  writeKey(paths.next, next.key, pemOf(certificate))
  return certificate
}

/** Which root the next issuing CA stands under. Throws Fault `config` where it has no certificate. */
export function nextIssuing(dir: string): { certificate: NodeCertificate; root: Root } {
  const certificate = readNext(dir)?.certificate
  const root = certificate && rootOf(certificate, readRoots(dir))
  if (certificate === undefined || root === undefined) {
    throw new Fault('config', `${caPaths(dir).next}: no certificate is installed: wattfleet-fleet ca install`)
  }
  return { certificate, root }
}

/**
 * Lets the next issuing CA issue for gateways from now on, and the one in force only for servers: a gateway that renews gets
 * to know the new root and stands under it at once. Whoever lets gateways in has to trust that root already.
 */
export function beginIssuing(dir: string): { certificate: NodeCertificate; root: Root } {
  const next = nextIssuing(dir)
  writeFileAtomic(caPaths(dir).begun, `${fingerprintIn(next.certificate)}\n`, PUBLIC_MODE)
  return next
}

/** Puts the next issuing CA in force. The key of the one before is gone with it: nothing is left that it could sign. */
export function switchIssuing(dir: string): NodeCertificate {
  const paths = caPaths(dir)
  const { certificate } = nextIssuing(dir)
  writeKey(paths.issuing, readKey(paths.next), pemOf(certificate))
  for (const path of [paths.next, paths.begun, paths.request, paths.formerKey]) rmSync(path, { force: true })
  return certificate
}

/** Trusts a root no longer. Throws Fault `config` where it is not trusted, or the issuing CA in force stands under it. */
export function withdrawRoot(dir: string, fingerprint: string): Root {
  const paths = caPaths(dir)
  const trusted = readRoots(dir)
  const root = trusted.find((one) => one.fingerprint === fingerprint)
  if (root === undefined) throw new Fault('config', `no root with the fingerprint ${fingerprint} is trusted`)
  if (rootInForce(dir) === fingerprint) {
    throw new Fault('config', 'the issuing CA in force stands under this root: wattfleet-fleet ca switch comes first')
  }
  writeFileAtomic(paths.roots, bundleOf(trusted.filter((one) => one !== root)), PUBLIC_MODE)
  if (existsSync(paths.rootKey) && root.certificate.checkPrivateKey(readKey(paths.rootKey))) rmSync(paths.rootKey)
  return root
}

function isInForce(dir: string, certificate: NodeCertificate): boolean {
  const { issuing } = caPaths(dir)
  return existsSync(issuing) && readFileSync(issuing, 'utf8').includes(pemOf(certificate))
}

/** The root above the issuing CA in force; undefined where there is no issuing CA yet. */
export function rootInForce(dir: string): string | undefined {
  const { issuing, formerKey } = caPaths(dir)
  const roots = readRoots(dir)
  if (existsSync(issuing)) {
    const [certificate] = certificatesIn(readFileSync(issuing, 'utf8'), issuing)
    return certificate && rootOf(certificate, roots)?.fingerprint
  }
  if (!existsSync(formerKey)) return undefined
  const key = createPublicKey(readKey(formerKey))
  const own = roots.find(({ certificate }) => certificate.publicKey.equals(key))
  return own && fingerprintIn(own.certificate)
}

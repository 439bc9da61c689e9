import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, messageOf, PRIVATE_MODE, writeFileAtomic } from '@wattfleet/protocol'
import { certificatesIn, fingerprintIn, type Root, rootOf, rootsIn } from './trust.ts'

/*
 * The folder of the CA. What must change together is one file, so that a power cut leaves the old or the new:
 *
 *   ca.pem       the roots that are trusted: by the broker, the hub and every gateway
 *   issuing.pem  key and certificate of the issuing CA in force, for its owner alone
 *   next.pem     the same of the next one: only a key while its certificate is signed elsewhere
 *   next.csr     the request for that certificate
 *   next.begun   the next one's fingerprint, where it issues for gateways already and the one in force only for servers
 *   root.key     the root's key, only where root and issuing CA live on one computer: for development
 *   ca.key       the key to ca.pem of a CA of before, which was root and issuing CA in one
 */
export interface CaPaths {
  readonly roots: string
  readonly issuing: string
  readonly next: string
  readonly request: string
  readonly begun: string
  readonly rootKey: string
  readonly formerKey: string
}

export function caPaths(dir: string): CaPaths {
  const at = (name: string) => join(dir, name)
  return {
    ...{ roots: at('ca.pem'), issuing: at('issuing.pem'), next: at('next.pem'), request: at('next.csr') },
    begun: at('next.begun'),
    ...{ rootKey: at('root.key'), formerKey: at('ca.key') },
  }
}

/** The issuing CA and the root above it, which is itself where a CA of before is both. */
export interface Issuing {
  readonly key: KeyObject
  readonly certificate: X509Certificate
  readonly root: Root
}

export interface CaFolder {
  readonly roots: readonly Root[]
  readonly issuing: Issuing
  /** What issues for gateways: the next one from when it was begun, so that they renew once and not twice. */
  readonly forGateways: Issuing
}

/** What is in force. Throws Fault `config`, with what to do, where there is nothing that can be. */
export function readFolder(dir: string, nowMs: number): CaFolder {
  const paths = caPaths(dir)
  const roots = readRoots(dir)
  const former = !existsSync(paths.issuing) && existsSync(paths.formerKey)
  if (roots.length === 0) throw new Fault('config', `${paths.roots}: no root is trusted yet: wattfleet-fleet ca trust`)
  if (!former && !existsSync(paths.issuing)) {
    throw new Fault('config', `${paths.issuing}: there is no issuing CA yet: wattfleet-fleet ca install`)
  }
  const keyPath = former ? paths.formerKey : paths.issuing
  const key = readKey(keyPath)
  const certificates = former ? roots.map(({ certificate }) => certificate) : certificatesAt(paths.issuing)
  const certificate = certificates.find((one) => one.checkPrivateKey(key))
  if (certificate === undefined || !certificate.ca) {
    throw new Fault('config', `${keyPath}: is not the key of a CA whose certificate is there`)
  }
  const root = rootOf(certificate, roots)
  if (root === undefined) throw new Fault('config', `${keyPath}: the root of this issuing CA is not in ${paths.roots}`)
  for (const { validTo } of [certificate, root.certificate]) {
    if (Date.parse(validTo) < nowMs) throw new Fault('config', `${keyPath}: issuing CA or root has expired`)
  }
  const issuing = { key, certificate, root }
  return { roots, issuing, forGateways: begunIn(dir, roots, nowMs) ?? issuing }
}

/** The next issuing CA, if it was begun and can be used. */
function begunIn(dir: string, roots: readonly Root[], nowMs: number): Issuing | undefined {
  const { begun } = caPaths(dir)
  if (!existsSync(begun)) return undefined
  const { key, certificate } = readNext(dir) ?? {}
  if (key === undefined || certificate === undefined) return undefined
  const root = rootOf(certificate, roots)
  const isMeant = readFileSync(begun, 'utf8').trim() === fingerprintIn(certificate)
  const isAlive = [certificate, root?.certificate].every((one) => one && Date.parse(one.validTo) >= nowMs)
  return isMeant && isAlive && root !== undefined ? { key, certificate, root } : undefined
}

/** The roots that are trusted, none at first. */
export function readRoots(dir: string): Root[] {
  const { roots } = caPaths(dir)
  return existsSync(roots) ? rootsIn(readFileSync(roots, 'utf8'), roots) : []
}

/** The key of the next issuing CA and its certificate, as far as they are there. */
export function readNext(dir: string): { key: KeyObject; certificate: X509Certificate | undefined } | undefined {
  const { next } = caPaths(dir)
  if (!existsSync(next)) return undefined
  const hasCertificate = readFileSync(next, 'utf8').includes('BEGIN CERTIFICATE')
  return { key: readKey(next), certificate: hasCertificate ? certificatesAt(next)[0] : undefined }
}

/** Another text whenever what is in force may have changed. */
export function stampOf(dir: string): string {
  const { roots, issuing, next, begun } = caPaths(dir)
  return [roots, issuing, next, begun]
    .map((path) => {
      const { mtimeMs = 0, size = 0, ino = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {}
      return `${mtimeMs}/${size}/${ino}`
    })
    .join(' ')
}

export function writeKey(path: string, key: KeyObject, certificatePem = ''): void {
  writeFileAtomic(path, `${key.export({ format: 'pem', type: 'pkcs8' })}${certificatePem}`, PRIVATE_MODE)
}

/** A private key that nobody else may read. Throws Fault `config`. */
export function readKey(path: string): KeyObject {
  if ((statSync(path).mode & 0o077) !== 0)
    throw new Fault('config', `${path}: may be read by others; expected mode 0600`)
  try {
    return createPrivateKey(readFileSync(path))
  } catch (error) {
    throw new Fault('config', `${path}: is not a private key: ${messageOf(error)}`, { cause: error })
  }
}

function certificatesAt(path: string): X509Certificate[] {
  return certificatesIn(readFileSync(path, 'utf8'), path)
}

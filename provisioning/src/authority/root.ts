import 'reflect-metadata'
import type { X509Certificate as NodeCertificate } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BasicConstraintsExtension, X509Certificate } from '@peculiar/x509'
import { Fault, PRIVATE_MODE, PUBLIC_MODE, writeFileAtomic } from '@wattfleet/protocol'
import { fingerprintOf, issuerOf, issuingCertificate, newKey, rootCertificate } from './certificates.ts'
import { decryptKey, encryptKey } from './encrypted-key.ts'
import { openRequest } from './request.ts'
import { rootsIn } from './trust.ts'

/*
 * The root on a computer that is never on a network: its folder holds `root.key` (encrypted), `root.pem`, and
 * `signed.log`, one line for each certificate that it signed.
 */

export interface SignedIssuing {
  readonly subject: string
  /** SHA-256 of the public key, to be held against what the online computer printed. */
  readonly key: string
  readonly fingerprint: string
  readonly notAfter: string
  readonly certificatePem: string
}

/** Makes a root. Throws Fault `config` where there is one already: it is never replaced in place. */
export async function initRoot(
  dir: string,
  options: { readonly utility: string; readonly validDays: number; readonly passphrase: string },
  nowMs: number,
): Promise<{ readonly certificate: string; readonly fingerprint: string }> {
  const [keyPath, certificatePath] = pathsOf(dir)
  if (existsSync(keyPath) || existsSync(certificatePath)) {
    throw new Fault('config', `${dir}: there is a root already; a new one has a folder of its own`)
  }
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const key = newKey()
  const root = await rootCertificate(options.utility, key, options.validDays, nowMs)
  writeFileAtomic(keyPath, encryptKey(key, options.passphrase), PRIVATE_MODE)
  writeFileAtomic(certificatePath, `${root.toString('pem').trim()}\n`, PUBLIC_MODE)
  return { certificate: certificatePath, fingerprint: fingerprintOf(root.rawData) }
}

/**
 * Signs the request of an issuing CA. Throws Fault `config` where the passphrase is wrong, or the request is none, or is
 * signed by another key than its own.
 */
export async function signIssuing(
  dir: string,
  csrPem: string,
  options: { readonly validDays: number; readonly passphrase: string },
  nowMs: number,
): Promise<SignedIssuing> {
  const [keyPath, certificatePath] = pathsOf(dir)
  for (const path of [keyPath, certificatePath]) {
    if (!existsSync(path)) throw new Fault('config', `${path}: is missing; wattfleet-fleet ca init-root makes a root`)
  }
  const request = await openRequest(csrPem)
  if (!request.ok) throw new Fault('config', `the request: ${request.message}`)
  if (request.subject.length === 0) throw new Fault('config', 'the request: expected the name of an issuing CA')
  const key = decryptKey(readFileSync(keyPath, 'utf8'), options.passphrase, keyPath)
  const [root] = rootsIn(readFileSync(certificatePath, 'utf8'), certificatePath)
  if (root === undefined || !root.certificate.checkPrivateKey(key)) {
    throw new Fault('config', `${certificatePath}: is not the certificate of ${keyPath}`)
  }
  const issuer = await issuerOf(root.pem, key)
  const signed = await issuingCertificate(issuer, request.subject, request.publicKey, options.validDays, nowMs)
  const told = {
    subject: signed.subject,
    key: fingerprintOf(request.publicKey),
    fingerprint: fingerprintOf(signed.rawData),
    notAfter: signed.notAfter.toISOString(),
  }
  const line = JSON.stringify({ at: new Date(nowMs).toISOString(), serial: signed.serialNumber, ...told })
  appendFileSync(join(dir, 'signed.log'), `${line}\n`, { mode: PRIVATE_MODE, flush: true })
  return { ...told, certificatePem: `${signed.toString('pem').trim()}\n` }
}

/** How many CAs may stand below a certificate; undefined where it does not say. */
export function pathLengthOf(certificate: NodeCertificate): number | undefined {
  return new X509Certificate(certificate.raw).getExtension(BasicConstraintsExtension)?.pathLength
}

function pathsOf(dir: string): readonly [key: string, certificate: string] {
  return [join(dir, 'root.key'), join(dir, 'root.pem')]
}

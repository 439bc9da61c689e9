import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { Fault, PUBLIC_MODE, writeFileAtomic } from '@wattfleet/protocol'
import {
  caName,
  fingerprintOf,
  type Issuer,
  issuerOf,
  issuingCertificate,
  type LeafRequest,
  leafCertificate,
  newKey,
  publicKeyOf,
  rootCertificate,
} from './certificates.ts'
import { type CaFolder, caPaths, type Issuing, readFolder, readKey, readRoots, stampOf, writeKey } from './folder.ts'
import { pemOf } from './trust.ts'

export type { LeafRequest } from './certificates.ts'

/** A root lives as long as the gateways that it is built into; an issuing CA is replaced without any of them noticing. */
export const ROOT_DAYS = 20 * 365
export const ISSUING_DAYS = 10 * 365

/** The organisational unit in a gateway's certificate. */
export const GATEWAY_UNIT = 'gateway'

export interface IssuedLeaf {
  /** Leaf first, then the issuing CA: what a server needs besides its root. PEM. */
  readonly certificatePem: string
  readonly serial: string
  /** SHA-256 of the certificate, lower-case hex: what a list of revoked certificates names. */
  readonly fingerprint: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** SHA-256 of the root that it goes back to. */
  readonly root: string
}

/**
 * The utility's certificate authority: an issuing CA under a root. Validity is on the wall's clock, whatever clock the market
 * runs on.
 */
export interface Authority {
  /** The roots that are trusted, PEM: one, or two while one replaces the other. What another process changed is seen at once. */
  readonly caPem: string
  issue(request: LeafRequest): Promise<IssuedLeaf>
  /** SHA-256 of the certificate of the issuing CA in force. */
  readonly issuing: string
}

/**
 * Opens the CA in `dir`. In an empty folder it makes root and issuing CA, both with their keys there: for development.
 * Throws Fault `config` when what lies there cannot be used.
 */
export async function createAuthority(
  dir: string,
  utility = 'Wattfleet development',
  nowMs: () => number = Date.now,
): Promise<Authority> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const { rootKey } = caPaths(dir)
  // a crash on the way leaves the root's key, and what is missing is made from it
  if (readdirSync(dir).length === 0 || existsSync(rootKey)) await makeMissing(dir, utility, nowMs())
  const inForce = keptInForce(dir, nowMs)
  inForce()
  return {
    get caPem() {
      return inForce().caPem
    },
    get issuing() {
      return fingerprintOf(inForce().folder.issuing.certificate.raw)
    },
    async issue(request) {
      const { folder, issuer, gatewayIssuer } = inForce()
      const isGateway = request.unit === GATEWAY_UNIT
      const { certificate, root } = isGateway ? folder.forGateways : folder.issuing
      const leaf = await leafCertificate(await (isGateway ? gatewayIssuer() : issuer()), request, nowMs())
      const isRootItself = root.certificate.fingerprint256 === certificate.fingerprint256
      return {
        certificatePem: `${leaf.toString('pem').trim()}\n${isRootItself ? '' : pemOf(certificate)}`,
        serial: leaf.serialNumber,
        fingerprint: fingerprintOf(leaf.rawData),
        notBeforeMs: leaf.notBefore.getTime(),
        notAfterMs: leaf.notAfter.getTime(),
        root: root.fingerprint,
      }
    },
  }
}

interface InForce {
  readonly folder: CaFolder
  readonly caPem: string
  readonly issuer: () => Promise<Issuer>
  readonly gatewayIssuer: () => Promise<Issuer>
}

/** Reads the folder again when it has changed. What cannot be used later on leaves what was in force. */
function keptInForce(dir: string, nowMs: () => number) {
  let stamp: string | undefined
  let kept: InForce | undefined
  return () => {
    const now = stampOf(dir)
    if (kept !== undefined && now === stamp) return kept
    stamp = now
    try {
      const folder = readFolder(dir, nowMs())
      const [issuer, gatewayIssuer] = [onceIssuer(folder.issuing), onceIssuer(folder.forGateways)]
      kept = { folder, caPem: folder.roots.map(({ pem }) => pem).join(''), issuer, gatewayIssuer }
    } catch (error) {
      if (kept === undefined) throw error
    }
    return kept
  }
}

/** Makes it once, when the first certificate is asked for. */
function onceIssuer({ key, certificate }: Issuing): () => Promise<Issuer> {
  let issuer: Promise<Issuer> | undefined
  return () => {
    issuer ??= issuerOf(certificate.raw, key)
    return issuer
  }
}

/** Root and issuing CA on one computer, each from what is there already. */
async function makeMissing(dir: string, utility: string, nowMs: number): Promise<void> {
  const paths = caPaths(dir)
  if (!existsSync(paths.rootKey)) {
    if (existsSync(paths.roots)) throw new Fault('config', `${paths.roots}: the key of this root is missing`)
    writeKey(paths.rootKey, newKey())
  }
  const rootKey = readKey(paths.rootKey)
  if (!existsSync(paths.roots)) {
    const root = await rootCertificate(utility, rootKey, ROOT_DAYS, nowMs)
    writeFileAtomic(paths.roots, `${root.toString('pem').trim()}\n`, PUBLIC_MODE)
  }
  if (existsSync(paths.issuing)) return
  const own = readRoots(dir).find(({ certificate }) => certificate.checkPrivateKey(rootKey))
  if (own === undefined) throw new Fault('config', `${paths.roots}: the root of ${paths.rootKey} is not there`)
  const root = await issuerOf(own.pem, rootKey)
  const key = newKey()
  const spki = publicKeyOf(key)
  const certificate = await issuingCertificate(root, caName(utility, 'issuing CA', spki), spki, ISSUING_DAYS, nowMs)
  writeKey(paths.issuing, key, `${certificate.toString('pem').trim()}\n`)
}

import { X509Certificate } from 'node:crypto'
import {
  type EnrolmentGrant,
  type EnrolmentRefusal,
  type EnrolmentRequest,
  enrolmentProof,
  Fault,
  fromHex,
  messageOf,
  sameBytes,
  sha256,
  verifySignature,
} from '@wattfleet/protocol'
import { admit, type Gatekeeper } from './admission.ts'
import type { Authority, IssuedLeaf } from './authority/authority.ts'
import { openRequest } from './authority/request.ts'
import { CERTIFICATE_DAYS } from './config.ts'
import { type ClaimUse, type ResetPolicy, verdictOn } from './core/claim-use.ts'
import { devicesOf } from './core/devices.ts'
import { parseEnrolmentRequest } from './core/request.ts'
import type { ChainFacts, Registrar, SiteRecord, Store } from './ports.ts'
import { fundMember, type RegisterSettings, registerSite } from './register.ts'
import { meetStranger } from './strangers.ts'
import { within } from './within.ts'

/** A gateway that waits longer asks again; the chain's answer is not lost, because enrolling again is safe. */
const CHAIN_TIMEOUT_MS = 30_000

export interface EnrolmentSettings extends RegisterSettings {
  /** `mqtts://host:port` */
  readonly brokerUrl: string
  /** 32 bytes, hex. */
  readonly hubKey: string
  /** Signs what gateways are told, 32 bytes, hex. */
  readonly utilityKey?: string
  /** Whether an operator lets each gateway in by hand. */
  readonly approval?: boolean
  readonly reset: ResetPolicy
  /** `https://host:port` of this service, where certificates are renewed. */
  readonly publicUrl?: string
  /** How long a gateway's certificate is valid. */
  readonly certificateDays?: number
}

export interface EnrolmentParts {
  readonly store: Store
  readonly authority: Authority
  readonly chain: Registrar & ChainFacts
  readonly settings: EnrolmentSettings
  /** Something contradicts itself about these gateways, which may not trade from now on: somebody has to look. */
  readonly onConflict: (serials: readonly string[], why: string) => void
  /** Somebody else has the claim of this gateway, which trades on: somebody has to look. */
  readonly onStranger: (serial: string, why: string) => void
  /** The utility's own system, where it is asked. */
  readonly gatekeeper?: Gatekeeper | undefined
  /** UTC Unix milliseconds of the wall's clock, for the audit. */
  readonly nowMs: () => number
}

export type EnrolmentAnswer =
  | { readonly ok: true; readonly grant: EnrolmentGrant }
  | { readonly ok: false; readonly refusal: EnrolmentRefusal }

/** Answers one enrolment. Throws Fault `store` or `internal` only: what the sender or the chain did wrong is a value. */
export type Enrol = (body: string, signal: AbortSignal) => Promise<EnrolmentAnswer>

/**
 * Enrolment in three durable steps, each safe to repeat: the claim is tied to the keys that used it first; the chain takes
 * the signing key; the grant is stored and then answered. Whoever dies in between, the same request again ends the same.
 */
export function enroller(parts: EnrolmentParts): Enrol {
  const underWay = new Map<string, { readonly signingKey: string; readonly answer: Promise<EnrolmentAnswer> }>()
  return async (body, signal) => {
    const parsed = parseEnrolmentRequest(body)
    if (!parsed.ok) return refuse('malformed', parsed.message)
    const checked = await checkRequest(parts, parsed.request)
    if ('refusal' in checked) return checked
    const { site } = checked.record
    const { signingKey } = parsed.request
    const running = underWay.get(site)
    // A sender that lost patience asks again while its first request is still at work: both get the one answer.
    if (running?.signingKey === signingKey) return running.answer
    // Keys of a claim that was replaced meanwhile must not reach the chain after the ones that replaced them.
    const former = running?.answer.catch(() => undefined) ?? Promise.resolve(undefined)
    const entry = { signingKey, answer: former.then(() => complete(parts, site, signal)) }
    underWay.set(site, entry)
    return entry.answer.finally(() => {
      if (underWay.get(site) === entry) underWay.delete(site)
    })
  }
}

export type Refused = Extract<EnrolmentAnswer, { ok: false }>

/**
 * Claim, proofs and keys; at the end the claim is tied to these keys: look-up and tie are one transaction. A claim that is
 * used from another gateway, or a second time by other keys, holds everybody who is concerned.
 */
async function checkRequest(
  parts: EnrolmentParts,
  request: EnrolmentRequest,
): Promise<{ record: SiteRecord } | Refused> {
  const { store, nowMs } = parts
  const claimHash = sha256(fromHex(request.claim, 32) ?? new Uint8Array(32))
  if (store.siteByClaim(claimHash) === undefined) return refuse('unknown-claim', 'this claim is not in force')
  const [key, proof] = [fromHex(request.signingKey, 32), fromHex(request.proof, 64)]
  if (!key || !proof || !verifySignature(key, enrolmentProof(request.claim, request.serial), proof)) {
    return refuse('bad-proof', 'the proof is not the signature of claim and serial by the signing key')
  }
  const csr = await openRequest(request.csrPem)
  if (!csr.ok) return refuse(csr.error, csr.message)
  const record = store.siteByClaim(claimHash)
  if (record === undefined) return refuse('unknown-claim', 'this claim is not in force')
  const isSameSerial = record.serial === request.serial
  const keys = sameKeys(record, request.signingKey, csr.publicKey)
  const { state, isClaimSpent: isSpent } = record
  const use = { state, isBound: record.signingKey !== undefined, isSpent, isSameSerial, keys }
  const verdict = verdictOn(use, parts.settings.reset)
  if (verdict === 'conflict') return conflict(parts, record, request)
  if (verdict === 'hold' || verdict === 'refuse') return meetStranger(parts, record, request, csr.publicKey, verdict)
  if (state === 'quarantined') return refuse('quarantined', 'the utility has to look at this gateway first')
  if (state === 'expected') {
    if (nowMs() >= record.claimExpiresMs) return refuse('claim-expired', 'this claim is too old: ask for another')
    const bind = () =>
      store.siteByClaim(claimHash)?.site === record.site &&
      store.bindKeys(record.site, request.signingKey, csr.publicKey, nowMs()).ok
    // other keys were there a moment before, or another claim: it is looked at once more
    if (!(await store.together(bind))) return checkRequest(parts, request)
  } else if (state === 'claimed') store.setAsked(record.site, nowMs())
  return { record }
}

/**
 * Holds the gateway of the claim, and the one whose serial was said, if it is another. Anybody can say a serial: where the
 * policy lets no claim stop who trades, it stops only a gateway that has not got in yet.
 */
function conflict(
  { store, nowMs, onConflict, settings }: EnrolmentParts,
  record: SiteRecord,
  request: EnrolmentRequest,
): Refused {
  const { serial, signingKey } = request
  const other = serial === record.serial ? undefined : store.siteBySerial(serial)
  const concerned = settings.reset === 'never' || other?.grant === undefined ? other : undefined
  const isHeld = ({ site }: SiteRecord) => {
    const deed = { actor: 'gateway', detail: { claimOf: record.serial, serial, signingKey }, atMs: nowMs() } as const
    return store.move(site, 'conflict', deed).ok
  }
  // one claim in wrong hands holds one other gateway at most, whatever serials are said with it
  const held = isHeld(record) ? [record, ...(concerned !== undefined && isHeld(concerned) ? [concerned] : [])] : []
  const why = serial === record.serial ? 'was used by other keys' : `was used by the gateway ${serial}`
  const text = `the claim of ${record.serial} ${why}`
  if (held.length > 0)
    onConflict(
      held.map((one) => one.serial),
      text,
    )
  return refuse('claim-used', 'this claim is another gateway’s, or was used by other keys; the utility has to look')
}

/** From tied keys to a stored grant. */
async function complete(parts: EnrolmentParts, site: string, stop: AbortSignal): Promise<EnrolmentAnswer> {
  const { store, chain, settings } = parts
  const record = store.site(site)
  if (record?.signingKey === undefined || record.tlsKey === undefined) {
    throw new Fault('internal', `site ${site} has no keys to enrol`)
  }
  if (record.grant !== undefined) return grantAgain(parts, record, record.grant, record.tlsKey)
  if (settings.approval && !record.isApproved) return refuse('awaiting-approval', 'the utility has not let it in yet')
  const closed = await admit(parts, record, stop)
  if (closed !== undefined) return { ok: false, refusal: closed }
  const { signingKey, tlsKey, gateway, chainKey, capImportWh, capExportWh } = record
  const signal = AbortSignal.any([stop, AbortSignal.timeout(CHAIN_TIMEOUT_MS)])
  let facts: Pick<EnrolmentGrant, 'epoch' | 'chain' | 'rules'>
  try {
    await registerSite(store, chain, settings.community, record, signal)
    // a gateway that is let in can bid: its member's money is there before it
    await fundMember(store, chain, settings, record.member, signal)
    // one that was in force before is off the chain before it is forgotten here, whatever becomes of this
    if (chainKey !== undefined && chainKey !== signingKey) await within(signal, chain.revoke(site, chainKey, signal))
    // whatever becomes of this: a key that the chain may hold is taken off it when its gateway is stopped for good
    await store.together(() => store.setChainKey(site, signingKey))
    const { epoch } = await within(signal, chain.enrol(site, signingKey, signal))
    const [chainId, rules] = await within(signal, Promise.all([chain.chainId(), chain.rules(settings.community)]))
    facts = { epoch, chain: chainId, rules }
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'chain')) throw error
    return refuse('chain-unavailable', `the chain does not take the key now: ${messageOf(error)}`)
  }
  const leaf = await gatewayCertificate(parts, gateway, tlsKey)
  const grant: EnrolmentGrant = {
    gateway,
    ...handedDown(parts, leaf),
    ...facts,
    capImportWh,
    capExportWh,
    ...devicesOf(record),
  }
  const isSet = await store.together(() => store.setGrant(site, signingKey, grant, leaf, parts.nowMs()))
  if (isSet) return { ok: true, grant }
  store.setChainKey(site, signingKey)
  return refuse('unknown-claim', 'this claim was replaced, or its gateway stopped')
}

/**
 * What was granted, once more. A gateway that lost its grant after a renewal has lost the renewed key too: it asks with the
 * TLS key that it first had, and gets a certificate for that one, in place of all others.
 */
async function grantAgain(
  parts: EnrolmentParts,
  record: SiteRecord,
  granted: EnrolmentGrant,
  tlsKey: Uint8Array,
): Promise<EnrolmentAnswer> {
  const { site, gateway, signingKey = '' } = record
  // one of before did not say what the manifest knows of the devices
  const known: EnrolmentGrant = { ...granted, ...devicesOf(record) }
  const spki = new X509Certificate(known.certificatePem).publicKey.export({ format: 'der', type: 'spki' })
  if (sameBytes(spki, tlsKey)) return { ok: true, grant: known }
  const leaf = await gatewayCertificate(parts, gateway, tlsKey)
  const grant: EnrolmentGrant = { ...known, ...handedDown(parts, leaf) }
  const isSet = await parts.store.together(() => parts.store.replaceGrant(site, signingKey, grant, leaf, parts.nowMs()))
  return isSet ? { ok: true, grant } : refuse('unknown-claim', 'this claim was replaced, or its gateway stopped')
}

function sameKeys(record: SiteRecord, signingKey: string, tlsKey: Uint8Array): ClaimUse['keys'] {
  if (record.signingKey !== signingKey) return 'other'
  return record.tlsKey !== undefined && sameBytes(record.tlsKey, tlsKey) ? 'same' : 'signing'
}

/** A gateway's certificate, whether its first or a later one. */
export function gatewayCertificate(
  { authority, settings }: Pick<EnrolmentParts, 'authority' | 'settings'>,
  gateway: string,
  publicKey: Uint8Array,
): Promise<IssuedLeaf> {
  const validDays = settings.certificateDays ?? CERTIFICATE_DAYS
  return authority.issue({ commonName: gateway, unit: 'gateway', publicKey, usage: 'client', validDays })
}

/** What each certificate comes with. */
export function handedDown(
  { authority, settings }: Pick<EnrolmentParts, 'authority' | 'settings'>,
  { certificatePem }: IssuedLeaf,
) {
  const { brokerUrl, hubKey, utilityKey, publicUrl } = settings
  const serviceUrl = publicUrl === undefined ? {} : { serviceUrl: publicUrl }
  const keys = { hubKey, ...(utilityKey !== undefined && { utilityKey }) }
  return { certificatePem, caPem: authority.caPem, brokerUrl, ...keys, ...serviceUrl }
}

function refuse(error: EnrolmentRefusal['error'], message: string): Extract<EnrolmentAnswer, { ok: false }> {
  return { ok: false, refusal: { error, message } }
}

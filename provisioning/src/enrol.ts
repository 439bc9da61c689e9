import { timingSafeEqual } from 'node:crypto'
import {
  type EnrolmentGrant,
  type EnrolmentRefusal,
  type EnrolmentRequest,
  Fault,
  fromHex,
  messageOf,
  sha256,
  verifySignature,
} from '@wattfleet/protocol'
import type { SiteRecord, Store } from './adapters/store.ts'
import type { Authority } from './authority/authority.ts'
import { openRequest } from './authority/request.ts'
import { parseEnrolmentRequest } from './core/request.ts'
import type { ChainFacts, Registrar } from './ports.ts'
import { fundMember, type RegisterSettings, registerSite } from './register.ts'
import { within } from './within.ts'

const GATEWAY_VALID_DAYS = 365
/** A gateway that waits longer asks again; the chain's answer is not lost, because enrolling again is safe. */
const CHAIN_TIMEOUT_MS = 30_000

export interface EnrolmentSettings extends RegisterSettings {
  /** `mqtts://host:port` */
  readonly brokerUrl: string
  /** 32 bytes, hex. */
  readonly hubKey: string
}

export interface EnrolmentParts {
  readonly store: Store
  readonly authority: Authority
  readonly chain: Registrar & ChainFacts
  readonly settings: EnrolmentSettings
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
    const checked = await checkRequest(parts.store, parsed.request)
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

  /** Claim, proofs and keys; at the end the claim is tied to these keys. Nothing is awaited between look-up and tie. */
  async function checkRequest(
    store: Store,
    request: EnrolmentRequest,
  ): Promise<{ record: SiteRecord } | Extract<EnrolmentAnswer, { ok: false }>> {
    const secret = fromHex(request.claim, 32) ?? new Uint8Array(32)
    if (store.siteByClaim(sha256(secret)) === undefined) return refuse('unknown-claim', 'this claim is not in force')
    const [key, proof] = [fromHex(request.signingKey, 32), fromHex(request.proof, 64)]
    if (!key || !proof || !verifySignature(key, Buffer.from(request.claim, 'utf8'), proof)) {
      return refuse('bad-proof', 'the proof is not the signature of the claim by the signing key')
    }
    const csr = await openRequest(request.csrPem)
    if (!csr.ok) return refuse(csr.error, csr.message)
    const record = store.siteByClaim(sha256(secret))
    if (record === undefined) return refuse('unknown-claim', 'this claim is not in force')
    if (record.signingKey === undefined) store.bindKeys(record.site, request.signingKey, csr.publicKey, parts.nowMs())
    else if (!isSameKeys(record, request.signingKey, csr.publicKey)) {
      return refuse('claim-used', 'this claim was used by other keys')
    }
    return { record }
  }
}

/** From tied keys to a stored grant. */
async function complete(parts: EnrolmentParts, site: string, stop: AbortSignal): Promise<EnrolmentAnswer> {
  const { store, authority, chain, settings } = parts
  const record = store.site(site)
  if (record?.signingKey === undefined || record.tlsKey === undefined) {
    throw new Fault('internal', `site ${site} has no keys to enrol`)
  }
  if (record.grant !== undefined) return { ok: true, grant: record.grant }
  const { signingKey, tlsKey, gateway, capImportWh, capExportWh } = record
  const signal = AbortSignal.any([stop, AbortSignal.timeout(CHAIN_TIMEOUT_MS)])
  let facts: Pick<EnrolmentGrant, 'epoch' | 'chain' | 'rules'>
  try {
    await registerSite(store, chain, settings.community, record, signal)
    // a gateway that is let in can bid: its member's money is there before it
    await fundMember(store, chain, settings, record.member, signal)
    const { epoch } = await within(signal, chain.enrol(site, signingKey, signal))
    const [chainId, rules] = await within(signal, Promise.all([chain.chainId(), chain.rules(settings.community)]))
    facts = { epoch, chain: chainId, rules }
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'chain')) throw error
    return refuse('chain-unavailable', `the chain does not take the key now: ${messageOf(error)}`)
  }
  const leaf = await authority.issue({
    commonName: gateway,
    unit: 'gateway',
    publicKey: tlsKey,
    usage: 'client',
    validDays: GATEWAY_VALID_DAYS,
  })
  const { brokerUrl, hubKey } = settings
  const identity = { gateway, certificatePem: leaf.certificatePem, caPem: authority.caPem }
  const grant: EnrolmentGrant = { ...identity, ...facts, brokerUrl, hubKey, capImportWh, capExportWh }
  const certificate = { serial: leaf.serial, fingerprint: leaf.fingerprint }
  if (store.setGrant(site, signingKey, grant, certificate, parts.nowMs())) return { ok: true, grant }
  return refuse('unknown-claim', 'this claim was replaced')
}

function isSameKeys(record: SiteRecord, signingKey: string, tlsKey: Uint8Array): boolean {
  return (
    record.signingKey === signingKey &&
    record.tlsKey !== undefined &&
    record.tlsKey.length === tlsKey.length &&
    timingSafeEqual(record.tlsKey, tlsKey)
  )
}

function refuse(error: EnrolmentRefusal['error'], message: string): Extract<EnrolmentAnswer, { ok: false }> {
  return { ok: false, refusal: { error, message } }
}

import {
  type CommunityRules,
  type EnrolmentGrant,
  fromHex,
  provenProof,
  type RenewalRefusal,
  type RenewalRequest,
  renewalProof,
  verifySignature,
} from '@wattfleet/protocol'
import { fingerprintOf } from './authority/certificates.ts'
import { openRequest } from './authority/request.ts'
import { inForce } from './core/certificates.ts'
import { devicesOf } from './core/devices.ts'
import { mayRenew } from './core/life.ts'
import { parseProvenRequest, parseRenewalRequest } from './core/request.ts'
import { type EnrolmentParts, gatewayCertificate, handedDown } from './enrol.ts'
import type { CertificateRecord, Renewal, SiteRecord } from './ports.ts'
import { within } from './within.ts'

/** A gateway whose software runs wild must not fill the store with certificates: one an hour is more than anyone needs. */
const RENEW_GAP_MS = 3_600_000
/** Rules change seldom: a certificate does not wait for a chain that is away. */
const RULES_TIMEOUT_MS = 3_000

export type RenewalAnswer =
  | { readonly ok: true; readonly grant: EnrolmentGrant }
  | { readonly ok: false; readonly refusal: RenewalRefusal }
export type ProvenAnswer =
  | { readonly ok: true; readonly gateway: string }
  | { readonly ok: false; readonly refusal: RenewalRefusal }

export interface Renewer {
  /** Answers one renewal. The same request again gets the same answer. Throws Fault `store` or `internal` only. */
  renew(body: string, signal: AbortSignal): Promise<RenewalAnswer>
  /** The new certificate works: the one before is refused from now on. */
  proven(body: string): ProvenAnswer
}

type Refused = { readonly ok: false; readonly refusal: RenewalRefusal }
type RenewalParts = Omit<EnrolmentParts, 'onConflict'>

/**
 * Renewal in two durable steps: another certificate is in force beside the one that the gateway has; once the gateway says
 * that it works, the former is refused. Whoever dies in between, the same request again ends the same.
 */
export function renewer(parts: RenewalParts): Renewer {
  const { store, nowMs } = parts
  return {
    async renew(body, signal) {
      const parsed = parseRenewalRequest(body)
      if (!parsed.ok) return refuse('malformed', parsed.message)
      const { request } = parsed
      const checked = senderOf(parts, request.gateway, renewalProof(request), request.proof)
      if ('refusal' in checked) return checked
      const csr = await openRequest(request.csrPem)
      if (!csr.ok) return refuse(csr.error, csr.message)
      const { record } = checked
      const open = openFor(parts, record, request, csr.publicKey)
      if ('refusal' in open) return open
      if ('pending' in open) return { ok: true, grant: open.pending.grant }
      const rules = await rulesNow(parts, open.grant.rules, signal)
      const certificate = await gatewayCertificate(parts, record.gateway, csr.publicKey)
      const { devices: _, ...before } = open.grant
      const grant = { ...before, ...handedDown(parts, certificate), rules, ...devicesOf(record) }
      const renewal = { replaces: request.certificate, tlsKey: csr.publicKey, grant, certificate }
      const kept = await store.together(() => store.addRenewal(record.site, renewal, nowMs()))
      // it was stopped, or renewed with another key, while this certificate was made: nobody will hear of it
      if (kept === undefined) return refuse('unknown-certificate', 'something else was decided meanwhile: ask again')
      return { ok: true, grant: kept.grant }
    },
    proven(body) {
      const parsed = parseProvenRequest(body)
      if (!parsed.ok) return refuse('malformed', parsed.message)
      const { request } = parsed
      const checked = senderOf(parts, request.gateway, provenProof(request), request.proof)
      if ('refusal' in checked) return checked
      const step = store.proveRenewal(checked.record.site, request.certificate, nowMs())
      if (step === 'unknown') return refuse('unknown-certificate', 'this certificate is not in force')
      return { ok: true, gateway: request.gateway }
    },
  }
}

/** The gateway that signed this, if it may renew. */
function senderOf(
  { store }: RenewalParts,
  gateway: string,
  signed: Uint8Array,
  proofHex: string,
): { readonly record: SiteRecord } | Refused {
  const record = store.siteByGateway(gateway)
  if (record === undefined) return refuse('unknown-gateway', 'there is no such gateway')
  const { state, signingKey } = record
  // their keys are forgotten: nobody can prove to be them, and it is no secret that they are gone
  if (state === 'revoked') return refuse('revoked', 'the keys of this gateway are dead: it needs another claim')
  if (state === 'retired') return refuse('retired', 'this gateway is out of service for good')
  const [key, proof] = [fromHex(signingKey ?? '', 32), fromHex(proofHex, 64)]
  if (!key || !proof || !verifySignature(key, signed, proof)) {
    return refuse('bad-proof', 'the proof is not the signature of this request by the signing key')
  }
  if (state === 'quarantined') return refuse('quarantined', 'the utility has to look at this gateway first')
  if (!mayRenew(state)) return refuse('unknown-certificate', 'this gateway has no certificate: it has to enrol')
  return { record }
}

/** What the renewal starts from, or what was answered to it before. Nothing is awaited here. */
function openFor(
  { store, nowMs }: RenewalParts,
  { site }: SiteRecord,
  { certificate }: RenewalRequest,
  publicKey: Uint8Array,
): { readonly grant: EnrolmentGrant } | { readonly pending: Renewal } | Refused {
  // whoever asks on behalf of the new certificate has kept it: the answer that it works may have been lost
  if (store.renewalOf(site)?.certificate.serial === certificate) store.proveRenewal(site, certificate, nowMs())
  const grant = store.site(site)?.grant
  const pending = store.renewalOf(site)
  const all = store.certificatesOf(site)
  if (grant === undefined || inForce(all, pending)?.serial !== certificate) {
    return refuse('unknown-certificate', 'this certificate is not in force')
  }
  const keyHash = fingerprintOf(publicKey)
  if (pending !== undefined && keyHash === fingerprintOf(pending.tlsKey)) return { pending }
  if (all.some((one) => one.keyHash === keyHash)) return refuse('key-used', 'this key had a certificate before')
  if (issuedLately(all, nowMs())) return refuse('too-soon', 'a certificate was issued within the hour')
  return { grant }
}

function issuedLately(certificates: readonly CertificateRecord[], nowMs: number): boolean {
  return certificates.some(({ issuedMs }) => Math.abs(nowMs - issuedMs) < RENEW_GAP_MS)
}

async function rulesNow({ chain }: RenewalParts, known: CommunityRules, stop: AbortSignal): Promise<CommunityRules> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(RULES_TIMEOUT_MS)])
  return within(signal, chain.rules(known.community)).catch(() => known)
}

function refuse(error: RenewalRefusal['error'], message: string): Refused {
  return { ok: false, refusal: { error, message } }
}

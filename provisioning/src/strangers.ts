import { type EnrolmentRequest, Fault } from '@wattfleet/protocol'
import type { EnrolmentParts, Refused } from './enrol.ts'
import { gatewayOf } from './fleet.ts'
import type { Deed, SiteRecord, Store } from './ports.ts'
import type { Stranger } from './ports-life.ts'

/** Digits of a signing key that name it: 32 bits, and never more than four wait at one site. */
const KEY_DIGITS = 8

/**
 * Other keys that use a claim of which a certificate has come. The gateway that has the site trades on; these wait until an
 * operator has approved them (`hold`), or are refused.
 */
export function meetStranger(
  { store, nowMs, onStranger }: Pick<EnrolmentParts, 'store' | 'nowMs' | 'onStranger'>,
  record: SiteRecord,
  { serial, signingKey }: EnrolmentRequest,
  tlsKey: Uint8Array,
  verdict: 'hold' | 'refuse',
): Refused {
  const deed: Deed = { actor: 'gateway', detail: { claimOf: record.serial, serial, signingKey }, atMs: nowMs() }
  const state = verdict === 'hold' ? 'pending' : 'refused'
  const met = store.meet({ site: record.site, signingKey, tlsKey, serial, state }, deed)
  if (met?.isNew) {
    const keys = `other keys (${signingKey.slice(0, KEY_DIGITS)}…)`
    const who = serial === record.serial ? keys : `${keys} that call themselves ${serial}`
    const what = state === 'pending' ? 'they wait for an approval of its reset' : 'they are refused'
    onStranger(record.serial, `the claim of ${record.serial} was used by ${who}: ${what}`)
  }
  // where too many wait already, this one may get a place later
  const isHeld = verdict === 'hold' && (met === undefined || met.state === 'pending')
  return isHeld
    ? refuse('awaiting-approval', `reset, as it seems: the utility has to approve the key ${signingKey}`)
    : refuse('claim-used', 'this claim was used by other keys, or is another gateway’s')
}

/** Approves the reset of a gateway: these keys take the place of those that it has. Throws Fault `enrolment`. */
export function approveReset(store: Store, name: string, key: string, deed: Deed): SiteRecord {
  const { site, serial } = gatewayOf(store, name)
  const digits = key.toLowerCase()
  if (digits.length < KEY_DIGITS) {
    throw new Fault('enrolment', `${serial}: expected at least ${KEY_DIGITS} digits of the signing key, got ${key}`)
  }
  const found = pendingAt(store, site).filter(({ signingKey }) => signingKey.startsWith(digits))
  const [one] = found
  if (one === undefined || found.length > 1) {
    throw new Fault('enrolment', `${serial}: ${found.length} keys that begin with ${key} wait for an approval`)
  }
  const { signingKey } = one
  const step = store.replaceKeys(site, signingKey, { ...deed, detail: { ...deed.detail, signingKey } })
  if (!step.ok) throw new Fault('enrolment', `${serial}: ${step.reason}`)
  return gatewayOf(store, site)
}

/** Refuses all keys that wait at this gateway. Throws Fault `enrolment` where none do. */
export function refuseReset(store: Store, name: string, deed: Deed): SiteRecord {
  const { site, serial } = gatewayOf(store, name)
  if (store.refuseStrangers(site, deed) === 0) throw new Fault('enrolment', `${serial}: no other keys wait there`)
  return gatewayOf(store, site)
}

/** Keys that wait for an approval, with the gateway that they are of. */
export function pendingResets(store: Store): { stranger: Stranger; record: SiteRecord }[] {
  return store
    .strangers()
    .filter(({ state }) => state === 'pending')
    .map((stranger) => ({ stranger, record: gatewayOf(store, stranger.site) }))
}

function pendingAt(store: Store, site: string): Stranger[] {
  return store.strangers().filter((one) => one.site === site && one.state === 'pending')
}

function refuse(error: Refused['refusal']['error'], message: string): Refused {
  return { ok: false, refusal: { error, message } }
}

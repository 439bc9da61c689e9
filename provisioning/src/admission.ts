import { randomUUID } from 'node:crypto'
import type { EnrolmentRefusal } from '@wattfleet/protocol'
import type { EnrolmentParts } from './enrol.ts'
import type { SiteRecord } from './ports.ts'

/** What the utility's own system is told of a gateway. */
export interface Told {
  /** `enrolling`: it asks for leave; anything else has happened already. */
  readonly event: string
  /** The same however often it is told. */
  readonly requestId: string
  readonly serial: string
  /** The utility's own reference. */
  readonly household: string
  readonly site: string
  readonly gateway: string
  /** When it was, UTC Unix milliseconds. */
  readonly atMs: number
}

export type GateAnswer =
  | { readonly answer: 'allowed' }
  | { readonly answer: 'refused'; readonly reason: string }
  /** No answer that can be believed: nobody is let in by it. */
  | { readonly answer: 'unavailable'; readonly why: string }

/** The utility's own system. Never rejects; may be told the same again. */
export interface Gatekeeper {
  ask(told: Told, signal: AbortSignal): Promise<GateAnswer>
}

/** Where the utility's own system hears what has happened. Yields why it was not heard; undefined when it was. */
export interface Messenger {
  tell(told: Told, signal: AbortSignal): Promise<string | undefined>
}

/**
 * Whether the utility's own system lets these keys in; its refusal otherwise. It is asked once for an enrolment: its answer
 * is kept with the keys that it is of, and a gateway that asks again gets the same.
 */
export async function admit(
  { store, gatekeeper, nowMs }: Pick<EnrolmentParts, 'store' | 'gatekeeper' | 'nowMs'>,
  { site, serial, household, gateway, admission }: SiteRecord,
  signal: AbortSignal,
): Promise<EnrolmentRefusal | undefined> {
  if (gatekeeper === undefined || admission?.answer === 'allowed') return undefined
  if (admission?.answer === 'refused') return refusedFor(admission.reason)
  // kept before it is said: whoever dies in between asks with the same id again
  const requestId = admission?.requestId ?? store.beginAdmission(site, randomUUID())
  const atMs = nowMs()
  const said = await gatekeeper.ask({ event: 'enrolling', requestId, serial, household, site, gateway, atMs }, signal)
  if (said.answer === 'unavailable') {
    return { error: 'utility-unavailable', message: 'the utility’s own system does not answer: ask again later' }
  }
  const reason = said.answer === 'refused' ? said.reason : ''
  // its reason may be about people: it is kept where it can be erased, not in the log
  const deed = { actor: 'utility', detail: { requestId }, atMs: nowMs() } as const
  if (!store.setAdmission(site, requestId, said.answer, reason, deed)) {
    return { error: 'unknown-claim', message: 'this claim was replaced, or its gateway stopped' }
  }
  return said.answer === 'allowed' ? undefined : refusedFor(reason)
}

function refusedFor(reason: string | undefined): EnrolmentRefusal {
  return { error: 'refused-by-utility', message: reason || 'the utility does not let this gateway in' }
}

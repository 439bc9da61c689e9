import type { Clock, EnrolmentGrant, SigningKey } from '@wattfleet/protocol'
import { createBell } from './bell.ts'
import { type AnyClaim, readClaim } from './claim.ts'
import type { Credential } from './credential.ts'
import type { Credentials } from './credentials.ts'
import type { Identity } from './identity.ts'
import type { Link, Log } from './ports.ts'
import { keepRenewed, type RenewalParts } from './renew.ts'
import { renewingLink } from './renewing-link.ts'

export interface CertifiedParts extends Pick<RenewalParts, 'service' | 'otherwiseAt' | 'wall' | 'random'> {
  readonly credentials: Credentials
  readonly key: SigningKey
  /** The connection to the broker with one certificate. */
  readonly link: (credential: Credential) => Link
  readonly transport: Clock
  readonly log: Log
}

/** One life of the gateway, until aborted. */
export type Life = (identity: Identity, link: Link, signal: AbortSignal) => Promise<void>

/**
 * Runs the gateway, and beside it what keeps its certificate from running out. Where a renewal brought other rules of the
 * community, another key of the hub or other devices, it begins anew with them: everything that must not be lost is in the
 * outbox.
 */
export async function runCertified(parts: CertifiedParts, signal: AbortSignal, life: Life): Promise<void> {
  const { credentials } = parts
  const all = new AbortController()
  const stop = () => all.abort()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const [look, changed] = [createBell(), createBell()]
  let oneLife = new AbortController()
  const onProven = (former: Credential) => {
    look.ring()
    if (!isLikeBefore(former.grant, credentials.current().grant)) oneLife.abort()
  }
  const live = async () => {
    while (!all.signal.aborted) {
      oneLife = new AbortController()
      const link = renewingLink({ ...parts, changed, onProven })
      const { grant } = credentials.current()
      await life({ grant, key: parts.key }, link, AbortSignal.any([all.signal, oneLife.signal]))
    }
  }
  const running = [live(), keepRenewed({ ...parts, look, onNext: changed.ring }, all.signal)]
  try {
    await Promise.all(running)
  } finally {
    stop()
    await Promise.allSettled(running)
    signal.removeEventListener('abort', stop)
  }
}

/** What the loops of a gateway were started with. */
function isLikeBefore(one: EnrolmentGrant, other: EnrolmentGrant): boolean {
  const said = ({ hubKey, rules, devices }: EnrolmentGrant) => JSON.stringify([hubKey, rules, devices])
  return said(one) === said(other)
}

/**
 * The claim that lies there now, such as for its address where a grant of before says none; undefined where it is gone, or
 * cannot be read.
 */
export function claimAt(claimPath: string): AnyClaim | undefined {
  try {
    return readClaim(claimPath)
  } catch {
    return undefined
  }
}

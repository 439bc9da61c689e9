import {
  type Clock,
  Fault,
  messageOf,
  provenProof,
  type RenewalRequest,
  renewalProof,
  type SigningKey,
  toHex,
} from '@wattfleet/protocol'
import type { Bell } from './bell.ts'
import { certificateRequest } from './certificate-request.ts'
import { type BackoffRules, backoffMs } from './core/backoff.ts'
import { renewalAtMs } from './core/renewal.ts'
import type { Credentials } from './credentials.ts'
import type { Log, RenewalService } from './ports.ts'

/** The service may be away for days: a third of a certificate's life is there for it. */
const RETRY: BackoffRules = { firstMs: 60_000, mostMs: 3_600_000 }
/** A refusal for good is one until somebody at the utility has looked, and nobody tells the gateway of that. */
const REFUSED_AGAIN_MS = 86_400_000
/** The longest wait until it is looked again whether something is due. */
const LOOK_MS = 86_400_000

export interface RenewalParts {
  readonly credentials: Credentials
  readonly key: SigningKey
  /** The utility's service at this address, trusted under these roots. */
  readonly service: (at: { readonly url: string; readonly caPem: string }) => RenewalService
  /** Where the service is when the grant does not say, as one of before did not; undefined where nothing says it. */
  readonly otherwiseAt: () => string | undefined
  /** The wall's: certificates live on it, whatever clock the market runs on. */
  readonly wall: Clock
  readonly random: () => number
  /** Rings when a certificate was let in, and when somebody wants one before its time. */
  readonly look: Bell
  /** There is a next certificate: it is to be tried. */
  readonly onNext: () => void
  readonly log: Log
}

/**
 * Keeps the gateway's certificate from running out, beside whatever else it does, until aborted. Rejects only for what no
 * retry can help.
 */
export async function keepRenewed(parts: RenewalParts, signal: AbortSignal): Promise<void> {
  const { wall, look, log, random } = parts
  const due = dueOf(parts)
  for (let failures = 0; !signal.aborted; ) {
    let waitMs: number
    try {
      const left = await oneStep(parts, due(), signal)
      failures = 0
      waitMs = Math.min(left, LOOK_MS)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof Fault) || error.code === 'internal') throw error
      const mayHelp = error.retryable || error.code === 'store'
      waitMs = mayHelp ? backoffMs(failures++, random(), RETRY) : REFUSED_AGAIN_MS
      log[mayHelp ? 'warn' : 'error']({ reason: messageOf(error), waitMs }, 'the certificate is not renewed yet')
    }
    await look.wait(wall, wall.nowMs() + waitMs, signal)
  }
}

/** Does the one thing that is to be done, if any. Yields how long to wait until it is looked again, ms. */
async function oneStep(parts: RenewalParts, dueMs: number, signal: AbortSignal): Promise<number> {
  const { credentials, wall, log } = parts
  if (!credentials.isTold()) {
    await tell(parts, signal)
    return 0
  }
  const waiting = credentials.next()
  // it is the link's turn
  if (waiting !== undefined && waiting.notAfterMs > wall.nowMs()) return LOOK_MS
  // it ran out before it was let in anywhere, as of a gateway that was suspended for long
  if (waiting !== undefined) credentials.dropNextKey()
  const leftMs = dueMs - wall.nowMs()
  if (leftMs > 0) return leftMs
  await ask(parts, signal)
  const next = credentials.next()
  log.info({ serial: next?.serial, notAfterMs: next?.notAfterMs }, 'another certificate: it is tried now')
  parts.onNext()
  return LOOK_MS
}

async function ask(parts: RenewalParts, signal: AbortSignal): Promise<void> {
  const { credentials } = parts
  const { grant, serial } = credentials.current()
  const said = { gateway: grant.gateway, certificate: serial, csrPem: certificateRequest(credentials.nextKey()) }
  const proof = toHex(parts.key.sign(renewalProof(said)))
  const request: RenewalRequest = { ...said, proof }
  const answer = await serviceOf(parts).renew(request, signal)
  if (answer.ok) return credentials.keep(answer.grant)
  if (answer.error !== 'key-used') throw refusal(answer)
  // the utility knows this key from before, as it does after a backup was put back
  credentials.dropNextKey()
  throw new Fault('enrolment', answer.message, { retryable: true })
}

async function tell(parts: RenewalParts, signal: AbortSignal): Promise<void> {
  const { credentials, log } = parts
  const { grant, serial } = credentials.current()
  const said = { gateway: grant.gateway, certificate: serial }
  const answer = await serviceOf(parts).proven({ ...said, proof: toHex(parts.key.sign(provenProof(said))) }, signal)
  if (!answer.ok) throw refusal(answer)
  credentials.told()
  log.info({ serial }, 'the new certificate works: the former one is dead')
}

function refusal({ error, message }: { readonly error: string; readonly message: string }): Fault {
  return new Fault('enrolment', `the utility refused: ${error}: ${message}`, { retryable: error === 'too-soon' })
}

/** While two certificates are kept, the service may stand under either's roots. */
function serviceOf({ credentials, service, otherwiseAt }: RenewalParts): RenewalService {
  const [current, next] = [credentials.current(), credentials.next()]
  const url = current.grant.serviceUrl ?? otherwiseAt()
  if (url === undefined) throw new Fault('enrolment', 'nothing says where the utility renews certificates')
  return service({ url, caPem: `${current.grant.caPem}\n${next?.grant.caPem ?? ''}` })
}

/** When the current certificate is to be renewed: drawn once for each. */
function dueOf({ credentials, random }: RenewalParts): () => number {
  let drawn: { serial: string; atMs: number } | undefined
  return () => {
    const current = credentials.current()
    if (drawn?.serial !== current.serial) drawn = { serial: current.serial, atMs: renewalAtMs(current, random()) }
    return drawn.atMs
  }
}

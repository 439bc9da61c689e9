import { request as httpsRequest } from 'node:https'
import {
  type Claim,
  checkConfig,
  ENROLMENT_REFUSALS,
  type EnrolmentGrant,
  Fault,
  isPassing,
  messageOf,
  parseObject,
  RENEWAL_REFUSALS,
} from '@wattfleet/protocol'
import { grantSchema } from '../enrolment-schema.ts'
import type { EnrolmentService, RenewalRefused, RenewalService } from '../ports.ts'

/** An answer holds two certificate chains and a few figures; more than this is not one. */
const MAX_ANSWER_BYTES = 256 * 1024
/** The utility registers the key on the chain before it answers: blocks take their time. */
const ANSWER_TIMEOUT_MS = 60_000

/** Where the utility renews certificates, over HTTPS, trusted only under these roots. */
export function renewalClient({ url, caPem }: { readonly url: string; readonly caPem: string }): RenewalService {
  const ask = async (path: string, body: object, signal: AbortSignal) => {
    const target = new URL(path, url)
    const { status, text } = await post(target, caPem, body, signal)
    return { status, text, target }
  }
  return {
    async renew(body, signal) {
      const { status, text, target } = await ask('/v1/renew', body, signal)
      return status === 200 ? { ok: true, grant: parseGrant(text, target) } : refusedRenewal(status, text)
    },
    async proven(body, signal) {
      const { status, text } = await ask('/v1/renew/proven', body, signal)
      return status === 200 ? { ok: true } : refusedRenewal(status, text)
    },
  }
}

/** A refusal in the contract's words; anything else may be a passing fault. */
function refusedRenewal(status: number, text: string): RenewalRefused {
  const body = parseObject(text)
  const error = RENEWAL_REFUSALS.find((known) => known === body?.error)
  const message = typeof body?.message === 'string' ? body.message : text.slice(0, 200)
  if (error !== undefined) return { ok: false, error, message }
  throw new Fault('enrolment', `the utility answered ${status}: ${message}`, { retryable: true })
}

/** The utility's enrolment service over HTTPS, trusted only under the CA in the claim. */
export function enrolmentClient({ url, caPem }: Pick<Claim, 'url' | 'caPem'>): EnrolmentService {
  const target = new URL('/v1/enrol', url)
  return {
    async enrol(body, signal) {
      const { status, text } = await post(target, caPem, body, signal)
      return status === 200 ? parseGrant(text, target) : refuse(status, text)
    },
  }
}

function parseGrant(text: string, source: URL): EnrolmentGrant {
  const value = parseObject(text)
  try {
    return checkConfig(value, grantSchema, source.href)
  } catch (error) {
    throw new Fault('protocol', `the grant does not follow the contract: ${messageOf(error)}`, { cause: error })
  }
}

/** A refusal in the contract's words is final unless it says to come back; anything else may be a passing fault. */
function refuse(status: number, text: string): never {
  const body = parseObject(text)
  const error = ENROLMENT_REFUSALS.find((known) => known === body?.error)
  const message = typeof body?.message === 'string' ? body.message : text.slice(0, 200)
  if (error === undefined) {
    throw new Fault('enrolment', `the utility answered ${status}: ${message}`, {
      retryable: status >= 500 || status === 429,
    })
  }
  const isWaiting = error === 'awaiting-approval'
  const said = isWaiting ? 'waits for the utility to let it in' : 'the utility refused to enrol this gateway'
  throw new Fault('enrolment', `${said}: ${error}: ${message}`, { retryable: isPassing(error) })
}

function post(url: URL, ca: string, body: object, signal: AbortSignal): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(new Fault('transport', `${url.href}: ${messageOf(error)}`, { cause: error, retryable: true }))
    const options = {
      method: 'POST',
      ca,
      signal,
      timeout: ANSWER_TIMEOUT_MS,
      headers: { 'content-type': 'application/json' },
    }
    const request = httpsRequest(url, options, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > MAX_ANSWER_BYTES) request.destroy(new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`))
        else chunks.push(chunk)
      })
      response.on('error', fail)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      )
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)))
    request.on('error', fail)
    request.end(JSON.stringify(body))
  })
}

import { X509Certificate } from 'node:crypto'
import { request as httpsRequest, type RequestOptions } from 'node:https'
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
  type ShortClaim,
  sha256,
  toHex,
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
    const { status, text } = await exchange(target, posting(caPem), JSON.stringify(body), signal)
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

/**
 * The utility's enrolment service over HTTPS, trusted only under the CA that the claim names. A label's claim has no more
 * of it than its fingerprint: then the service is asked for it first, and nothing is told to it before it has the right one.
 */
export function enrolmentClient(claim: EnrolmentTarget): EnrolmentService {
  const target = new URL('/v1/enrol', claim.url)
  let caPem = 'caPem' in claim ? claim.caPem : undefined
  return {
    async enrol(body, signal) {
      if (!('caPem' in claim)) caPem ??= await vouchedCa(claim, signal)
      const { status, text } = await exchange(target, posting(caPem), JSON.stringify(body), signal)
      return status === 200 ? parseGrant(text, target) : refuse(status, text)
    },
  }
}

type EnrolmentTarget = Pick<Claim, 'url' | 'caPem'> | Pick<ShortClaim, 'url' | 'caFingerprint'>

/** The CA's certificate as the service shows it, PEM, if it is the one whose fingerprint is on the label. */
async function vouchedCa(
  { url, caFingerprint }: Pick<ShortClaim, 'url' | 'caFingerprint'>,
  signal: AbortSignal,
): Promise<string> {
  const source = new URL('/v1/ca', url)
  // whoever answers: what is asked is no secret, and what is answered is held against the label
  const { status, text } = await exchange(source, { method: 'GET', rejectUnauthorized: false }, undefined, signal)
  const found = (text.match(CERTIFICATES) ?? []).slice(0, MAX_CAS).find((pem) => fingerprintOf(pem) === caFingerprint)
  if (status === 200 && found !== undefined) return `${found}\n`
  const what = status === 200 ? 'is not the one on the label' : `is not shown (${status})`
  // a guest network's page may have answered instead
  throw new Fault('enrolment', `${source.href}: the CA ${what}`, { retryable: true })
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g
/** A utility that replaces its CA shows two. */
const MAX_CAS = 8

function fingerprintOf(pem: string): string | undefined {
  try {
    return toHex(sha256(new X509Certificate(pem).raw))
  } catch {
    return undefined
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

function posting(ca: string | undefined): RequestOptions {
  return { method: 'POST', ca, headers: { 'content-type': 'application/json' } }
}

function exchange(
  url: URL,
  tls: RequestOptions,
  body: string | undefined,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(new Fault('transport', `${url.href}: ${messageOf(error)}`, { cause: error, retryable: true }))
    const options = { ...tls, signal, timeout: ANSWER_TIMEOUT_MS }
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
    request.end(body)
  })
}

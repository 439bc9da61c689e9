import { createHmac } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Fault, messageOf, readPrivateText } from '@wattfleet/protocol'
import type { GateAnswer, Gatekeeper, Messenger, Told } from '../admission.ts'

/** An answer is a word and a reason. */
const MAX_ANSWER_BYTES = 4 * 1024
const MAX_REASON_LENGTH = 200
/** What was told needs no answer but that it was heard. */
const HEARD = [200, 202, 204]
/** Questions under way at once: a system that hangs holds so many, and the others are told to come back. */
const MOST_AT_ONCE = 16
/** 128 bits, as hex. */
const LEAST_SECRET = 32
/** After no answer the same is not asked again before, ms: a gateway that waits asks every few seconds. */
const REST_MS = 10_000

export interface GatekeeperOptions {
  readonly url: string
  /** What the signature is made with; known to the utility's system. */
  readonly secret: Uint8Array
  /** From the first byte out to the last byte in. */
  readonly timeoutMs: number
  /** UTC Unix milliseconds, and the same of a clock that nobody steps. */
  readonly nowMs: () => number
  readonly monotonicMs: () => number
  readonly onUnavailable: (why: string) => void
}

/**
 * The utility's own system over HTTP or HTTPS: a POST of JSON, signed with HMAC-SHA256. Only status 200 with
 * `{"allow": true}` lets in, and only `{"allow": false}` refuses; everything else is no answer.
 */
export function openGatekeeper(options: GatekeeperOptions): Gatekeeper & Messenger {
  const resting = new Map<string, { readonly untilMs: number; readonly why: string }>()
  let underWay = 0
  return {
    async ask(told, signal) {
      const now = options.monotonicMs()
      for (const [id, { untilMs }] of resting) if (untilMs <= now) resting.delete(id)
      const rests = resting.get(told.requestId)
      if (rests !== undefined) return { answer: 'unavailable', why: rests.why }
      if (underWay >= MOST_AT_ONCE) return { answer: 'unavailable', why: 'too many questions are under way' }
      underWay++
      try {
        return answerOf(await post(options, told, [200], signal))
      } catch (error) {
        const why = messageOf(error)
        if (!signal.aborted) {
          resting.set(told.requestId, { untilMs: options.monotonicMs() + REST_MS, why })
          options.onUnavailable(why)
        }
        return { answer: 'unavailable', why }
      } finally {
        underWay--
      }
    },
    async tell(told, signal) {
      try {
        await post(options, told, HEARD, signal)
        return undefined
      } catch (error) {
        return messageOf(error)
      }
    },
  }
}

/** The secret in a file, which its owner alone may read. Throws Fault `config`: file and reason. */
export function readSecret(path: string): Uint8Array {
  const secret = readPrivateText(path).trim()
  if (secret.length < LEAST_SECRET) {
    throw new Fault('config', `${path}: expected a secret of at least ${LEAST_SECRET} characters, got ${secret.length}`)
  }
  return Buffer.from(secret, 'utf8')
}

/** The text that is signed: the time stamp, a full stop and the body, so that neither can be exchanged. */
export function signatureOf(secret: Uint8Array, timestampS: number, body: string): string {
  return createHmac('sha256', secret).update(`${timestampS}.${body}`).digest('hex')
}

/** The text of the answer, if its status is one of these. Rejects otherwise, whatever went wrong. */
async function post(
  { url, secret, timeoutMs, nowMs }: GatekeeperOptions,
  told: Told,
  statuses: readonly number[],
  stop: AbortSignal,
): Promise<string> {
  const body = JSON.stringify(told)
  const timestampS = Math.floor(nowMs() / 1000)
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'wattfleet-request-id': told.requestId,
    'wattfleet-timestamp': timestampS,
    'wattfleet-signature': `v1=${signatureOf(secret, timestampS, body)}`,
  }
  const request = url.startsWith('https:') ? httpsRequest : httpRequest
  // of the whole exchange: one that trickles has no pause to be caught by
  const late = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([stop, late])
  return new Promise<string>((resolve, reject) => {
    // neither followed where it is sent on to nor asked on a connection of before, which may be half dead
    const outgoing = request(url, { method: 'POST', headers, signal, agent: false }, (response) => {
      readAnswer(response, statuses).then(resolve, reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  }).catch((error: unknown) => {
    throw late.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error
  })
}

async function readAnswer(response: IncomingMessage, statuses: readonly number[]): Promise<string> {
  if (!statuses.includes(response.statusCode ?? 0)) {
    response.destroy()
    throw new Error(`answered ${response.statusCode}`)
  }
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function answerOf(text: string): GateAnswer {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('the answer is not JSON')
  }
  const { allow, reason } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  if (allow === true) return { answer: 'allowed' }
  if (allow !== false) throw new Error('the answer has no "allow": true or false')
  return { answer: 'refused', reason: typeof reason === 'string' ? reason.slice(0, MAX_REASON_LENGTH) : '' }
}

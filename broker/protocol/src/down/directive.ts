import { allOf, type Body, hex, natural, oneOf } from './fields.ts'

/*
 * `config` and `command` are sealed like every down message (envelope.ts), but with the utility's key instead of the
 * hub's. Their body:
 *
 *   type      "config" or "command": what is signed says what it is, so that no broker can hand one over as the other
 *   gateway   the key that it is for, hex: a broker that hands it to another gateway is not believed
 *   epoch     of that key: what was said before a reset or a transfer is dead
 *   counter   grows with every message of this type for this gateway; u64, at most 2^53 - 1 as all numbers here
 *   expiresAt UTC Unix seconds: not taken at or after it
 *
 * and what the type adds: see configuration.ts and command.ts. A gateway keeps the largest counter it has seen of each
 * type durably, and takes nothing that is not above it. So a message may be sent as often as it takes; its counter tells
 * whether it has arrived, and nothing that was recorded can be said again.
 */

export const DIRECTIVE_TYPES = ['config', 'command'] as const
export type DirectiveType = (typeof DIRECTIVE_TYPES)[number]

/** What every message of the utility says of itself. */
export interface Directive {
  readonly gateway: string
  readonly epoch: number
  readonly counter: number
  readonly expiresAt: number
}

export function directiveBody(type: DirectiveType, { gateway, epoch, counter, expiresAt }: Directive): Body {
  return { type, gateway, epoch, counter, expiresAt }
}

/** The head, if the body is of this type; undefined for anything else. */
export function parseDirective(type: DirectiveType, body: Body): Directive | undefined {
  if (body.type !== type) return undefined
  const head = allOf({
    gateway: hex(body, 'gateway', 32),
    epoch: natural(body, 'epoch'),
    counter: natural(body, 'counter'),
    expiresAt: natural(body, 'expiresAt'),
  })
  return head !== undefined && head.counter > 0 ? head : undefined
}

export const ANSWERS = [
  'trying', // taken and under way: a configuration is on trial, software is fetched or tried
  'applied',
  'rolled-back', // it was tried, was not well, and what was before is in force again
  'refused', // nothing of it was done
] as const

/** What became of the last directive of one type: a gateway says so in its status. */
export interface DirectiveAnswer {
  readonly counter: number
  readonly is: (typeof ANSWERS)[number]
  /** For people, why not. */
  readonly reason?: string
}

/** A sentence. */
export const MOST_REASON_CHARACTERS = 160
const PRINTABLE = /^[\x20-\x7e]*$/

/** Cuts a text down to a reason: one line of printable ASCII, which costs the status as many bytes as it has characters. */
export function reasonOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').replace(/[^\x20-\x7e]/g, '?')
  return line.length <= MOST_REASON_CHARACTERS ? line : `${line.slice(0, MOST_REASON_CHARACTERS - 3)}...`
}

export function parseAnswer(value: unknown): DirectiveAnswer | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const body = value as Body
  const answer = allOf({ counter: natural(body, 'counter'), is: oneOf(body, 'is', ANSWERS) })
  if (answer === undefined || body.reason === undefined) return answer
  const reason = parseReason(body.reason)
  return reason === undefined ? undefined : { ...answer, reason }
}

/** A text that `reasonOf` may have made; undefined for anything else. */
export function parseReason(value: unknown): string | undefined {
  const isReason = typeof value === 'string' && value.length <= MOST_REASON_CHARACTERS && PRINTABLE.test(value)
  return isReason ? value : undefined
}

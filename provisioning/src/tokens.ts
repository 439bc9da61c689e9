import { randomBytes } from 'node:crypto'
import { Fault, sha256 } from '@wattfleet/protocol'
import type { Role } from './core/roles.ts'
import { type ApiToken, isTokenGood, TOKEN_FORM, TOKEN_NAME, TOKEN_NAME_FORM, tokenOf } from './core/token.ts'
import type { Actor, Store } from './ports.ts'

const DAY_MS = 86_400_000
/** A token that nobody renews must not be found years later in a forgotten script and work. */
export const TOKEN_DAYS = { default: 90, most: 400 } as const

export interface TokenRequest {
  readonly name: string
  readonly role: Role
  readonly days: number
}

/**
 * Makes a token and yields its secret, which is stored nowhere: only its SHA-256 is, so it can be shown once. Throws Fault
 * `config` for a name or a time that may not be, `enrolment` for a name that was given before.
 */
export function createToken(store: Store, { name, role, days }: TokenRequest, actor: Actor, nowMs: number) {
  if (!TOKEN_NAME.test(name)) throw new Fault('config', `name: ${TOKEN_NAME_FORM}, got ${JSON.stringify(name)}`)
  if (!Number.isInteger(days) || days < 1 || days > TOKEN_DAYS.most) {
    throw new Fault('config', `days: expected a whole number from 1 to ${TOKEN_DAYS.most}`)
  }
  const token = tokenOf(randomBytes(32))
  const expiresMs = nowMs + days * DAY_MS
  if (!store.tokens.add({ name, role, createdMs: nowMs, expiresMs }, hashOf(token), { actor })) {
    throw new Fault('enrolment', `name: there is or was a token ${name}: a name in the log stands for one holder`)
  }
  return { name, role, expiresMs, token }
}

/** Who calls with this token at this moment, if anybody may. */
export function callerOf(store: Store, token: string, nowMs: number): ApiToken | undefined {
  if (!TOKEN_FORM.test(token)) return undefined
  const known = store.tokens.bySecret(hashOf(token))
  if (known === undefined || !isTokenGood(known, nowMs)) return undefined
  store.tokens.setUsed(known, nowMs)
  return known
}

function hashOf(token: string): Uint8Array {
  return sha256(Buffer.from(token, 'utf8'))
}

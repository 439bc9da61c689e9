import type { Role } from './roles.ts'

/** Somebody, or something, that may call the API: named in the audit, known by the hash of its secret. */
export interface ApiToken {
  readonly name: string
  readonly role: Role
  readonly createdMs: number
  readonly expiresMs: number
  readonly lastUsedMs: number | undefined
  readonly isRevoked: boolean
}

/** Names go into the audit log and into paths. */
export const TOKEN_NAME = /^[a-z0-9][a-z0-9._@-]{0,63}$/
export const TOKEN_NAME_FORM = 'expected up to 64 lower-case letters, digits and . _ @ -'

/** 32 random bytes behind a prefix by which a secret that went astray is found (in a log, in a repository). */
export const TOKEN_FORM = /^wftoken_[A-Za-z0-9_-]{43}$/

export function tokenOf(secret: Uint8Array): string {
  return `wftoken_${Buffer.from(secret).toString('base64url')}`
}

/** Whether a token may be used at this moment. */
export function isTokenGood({ isRevoked, expiresMs }: ApiToken, nowMs: number): boolean {
  return !isRevoked && nowMs < expiresMs
}

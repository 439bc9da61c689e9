import type { Identity } from './core/identity.ts'
import type { Pace } from './core/pace.ts'
import type { Rights } from './core/rights.ts'

/** One admitted certificate at one connection. */
export interface Peer {
  readonly identity: Identity
  readonly rights: Rights
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string
  /** Undefined for a hub, which is trusted with its rate. Shared by all connections of one gateway. */
  readonly pace?: Pace | undefined
  /** The same for bytes. */
  readonly bytes?: Pace | undefined
  /** Why this certificate is not welcome now; undefined while it is. */
  readonly standing: () => 'revoked' | 'unknown' | 'expired' | undefined
}

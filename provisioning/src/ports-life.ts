import type { LifeStep } from './core/life.ts'
import type { ManifestSite } from './core/manifest.ts'
import type { Deed } from './ports.ts'

/** Other keys that used a claim of which a certificate has come. */
export interface Stranger {
  readonly site: string
  /** Ed25519, hex. */
  readonly signingKey: string
  readonly tlsKey: Uint8Array
  /** The serial that it said. */
  readonly serial: string
  /** `pending`: an operator decides. */
  readonly state: 'pending' | 'refused'
  /** When it asked first, and last. */
  readonly metMs: number
  readonly askedMs: number
}

/** Strangers at a site, and what an operator makes of them. */
export interface Strangers {
  strangers(): Stranger[]
  /**
   * Remembers that these keys have asked. Yields how they stand, and whether that is news; undefined where the site has
   * met as many as are kept.
   */
  meet(
    stranger: Omit<Stranger, 'metMs' | 'askedMs'>,
    deed: Deed,
  ): { state: Stranger['state']; isNew: boolean } | undefined
  /** Puts a pending one in the place of the keys that the site has: their certificates are dead. */
  replaceKeys(site: string, signingKey: string, deed: Deed): LifeStep
  /** Refuses those that are pending. Yields how many. */
  refuseStrangers(site: string, deed: Deed): number
  /** Forgets those that have not asked since. */
  forgetStrangers(askedBeforeMs: number): void
}

/** What the utility's own system said of an enrolment. */
export interface Admission {
  /** The same however often it is asked. */
  readonly requestId: string
  readonly answer: 'allowed' | 'refused' | undefined
  /** Why it was refused, in its words. */
  readonly reason: string | undefined
}

/** Enrolments and what the utility's own system says of them. They end with the keys that they are of. */
export interface Admissions {
  /** Gives this enrolment an id, or yields the one that it has. */
  beginAdmission(site: string, requestId: string): string
  /** Keeps the answer; false where the enrolment that it is of is over. */
  setAdmission(site: string, requestId: string, answer: 'allowed' | 'refused', reason: string, deed: Deed): boolean
  /** How far the utility's system has been told of what is in the audit log; undefined: it never was told of anything. */
  toldUpTo(): number | undefined
  setToldUpTo(number: number): void
}

/** A gateway that leaves its household. */
export interface Estate {
  /** Ends the tie of a gateway with its site, and begins another with this one; all or nothing. */
  transfer(from: string, to: ManifestSite & { readonly gateway: string }, deed: Deed): LifeStep
  /** Erases the household of a retired gateway from the file itself. False where it is gone already. Throws Fault `store`. */
  forget(site: string, deed: Deed): boolean
}

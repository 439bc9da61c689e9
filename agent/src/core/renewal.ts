/** From when to when a certificate is valid, UTC Unix milliseconds of the wall's clock. */
export interface Validity {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** A fleet that was enrolled on one day does not renew on one day: the moment is drawn within a twelfth of the life. */
const JITTER = 1 / 12

/** When a certificate is renewed: at two thirds of its life, and up to a twelfth later. `random` in [0, 1). */
export function renewalAtMs({ notBeforeMs, notAfterMs }: Validity, random: number): number {
  const lifeMs = notAfterMs - notBeforeMs
  return Math.floor(notBeforeMs + lifeMs * (2 / 3 + JITTER * random))
}

/** Whether nobody accepts it any more. */
export function isOver({ notAfterMs }: Validity, nowMs: number): boolean {
  return nowMs >= notAfterMs
}

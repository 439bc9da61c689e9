/** Somebody who trusts the utility by what it was last told. */
export interface Truster {
  readonly serial: string
  /** SHA-256 fingerprints of the roots that it trusts. */
  readonly roots: ReadonlySet<string>
}

/** A claim that was written out and may still be used. */
export interface OpenClaim {
  readonly serial: string
  readonly writtenMs: number
}

/** Who would be cut off if everything stood under one root from now on. */
export interface Behind {
  /** Gateways that were not told of it yet, by serial. */
  readonly gateways: readonly string[]
  /** Gateways whose claim was written before it was trusted: what they enrol with does not know it. */
  readonly claims: readonly string[]
}

/** `trustedMs`: when the root was added to those that are handed out; undefined for one that has been there from the start. */
export function behind(
  root: string,
  trustedMs: number | undefined,
  trusters: readonly Truster[],
  claims: readonly OpenClaim[],
): Behind {
  return {
    gateways: trusters.filter(({ roots }) => !roots.has(root)).map(({ serial }) => serial),
    claims: claims.filter(({ writtenMs }) => writtenMs < (trustedMs ?? 0)).map(({ serial }) => serial),
  }
}

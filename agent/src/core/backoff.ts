export interface BackoffRules {
  readonly firstMs: number
  readonly mostMs: number
}

/**
 * How long to wait before try number `attempt` + 1: doubling from `firstMs` to `mostMs`, the upper half of it drawn by
 * chance, so that a fleet that lost its hub does not come back in step. `random` in [0, 1).
 */
export function backoffMs(attempt: number, random: number, rules: BackoffRules): number {
  const wholeMs = Math.min(rules.mostMs, rules.firstMs * 2 ** Math.min(attempt, 30))
  return Math.round(wholeMs * (0.5 + random / 2))
}

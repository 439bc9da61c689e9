/** A run of registers. */
export interface Span {
  readonly at: number
  readonly count: number
}

export interface PlanLimits {
  /** Most registers in one request; the protocol's own limit is 125 (Modbus Application Protocol 1.1b3, 6.3 and 6.4). */
  readonly maxRegisters: number
  /** Longest hole that is read across. */
  readonly maxHole: number
}

/** The protocol's limit for functions 3 and 4. */
export const MOST_REGISTERS = 125

/**
 * Few requests that cover every span: neighbours are merged while the hole between them and the length of the request
 * allow it, and no span is cut, so values that belong together (a float's two words, a value and its scale factor) come
 * from one answer. In the order of addresses. Throws RangeError for a span that no request can hold.
 */
export function planReads(wanted: readonly Span[], limits: PlanLimits): Span[] {
  const most = Math.min(limits.maxRegisters, MOST_REGISTERS)
  const spans = [...wanted].sort((a, b) => a.at - b.at || b.count - a.count)
  const plan: Span[] = []
  for (const span of spans) {
    if (!(span.count >= 1 && span.count <= most && span.at >= 0 && span.at + span.count <= 0x1_0000)) {
      throw new RangeError(`no request of at most ${most} registers can hold ${span.count} from ${span.at}`)
    }
    const last = plan.at(-1)
    if (last !== undefined) {
      const end = Math.max(last.at + last.count, span.at + span.count)
      const hole = span.at - (last.at + last.count)
      if (hole <= limits.maxHole && end - last.at <= most) {
        plan[plan.length - 1] = { at: last.at, count: end - last.at }
        continue
      }
    }
    plan.push(span)
  }
  return plan
}

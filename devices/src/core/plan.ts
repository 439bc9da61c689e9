/** A run of registers. */
export interface Span {
  readonly at: number
  readonly count: number
}

/** What a line takes, milliseconds: a request with its answer, and each register more in it. */
export interface LineTiming {
  readonly requestMs: number
  readonly registerMs: number
}

export interface PlanLimits {
  /** Most registers in one request; the protocol's own limit is 125 (Modbus Application Protocol 1.1b3, 6.1 and 6.3). */
  readonly maxRegisters: number
  /** Whether the device answers registers that nobody asked for, so that a request may reach across them. */
  readonly holes: 'readable' | 'rejected'
  readonly timing: LineTiming
  /** Addresses at which a request has to begin: the device refused one that reached across. */
  readonly cuts?: ReadonlySet<number>
}

/** The protocol's limit for functions 3 and 4. */
export const MOST_REGISTERS = 125

/** A character on the line: start, eight data bits, parity or not, stop bits (Modbus over Serial Line 1.02, 2.5.1). */
export function characterMs(baudRate: number, parity: 'none' | 'even' | 'odd', stopBits: 1 | 2): number {
  return (1000 * (9 + (parity === 'none' ? 0 : 1) + stopBits)) / baudRate
}

/** Silence between two frames: 3.5 characters, 1.75 ms above 19,200 baud (Modbus over Serial Line 1.02, 2.5.1.1). */
export function frameGapMs(baudRate: number, oneCharacterMs: number): number {
  return baudRate > 19_200 ? 1.75 : 3.5 * oneCharacterMs
}

/** A request of 8 characters, its answer of 5 and two for each register, a gap before each, and the device's turnaround. */
export function serialTiming(
  { baudRate, parity, stopBits }: { baudRate: number; parity: 'none' | 'even' | 'odd'; stopBits: 1 | 2 },
  turnaroundMs: number,
): LineTiming {
  const oneMs = characterMs(baudRate, parity, stopBits)
  return { requestMs: 13 * oneMs + 2 * frameGapMs(baudRate, oneMs) + turnaroundMs, registerMs: 2 * oneMs }
}

/** A local network: a round trip is a few milliseconds and a register next to nothing. */
export const NETWORK_TIMING: LineTiming = { requestMs: 5, registerMs: 0.001 }

export function costMs(plan: readonly Span[], { requestMs, registerMs }: LineTiming): number {
  return plan.reduce((sum, { count }) => sum + requestMs + registerMs * count, 0)
}

/** One request for these spans, which follow each other by address; undefined where the limits do not allow it. */
function requestFor(spans: readonly Span[], limits: PlanLimits): Span | undefined {
  const [first] = spans
  if (first === undefined) return undefined
  let end = first.at + first.count
  for (const span of spans.slice(1)) {
    if (limits.cuts?.has(span.at) && span.at >= end) return undefined
    if (span.at > end && limits.holes === 'rejected') return undefined
    end = Math.max(end, span.at + span.count)
  }
  const count = end - first.at
  return count <= Math.min(limits.maxRegisters, MOST_REGISTERS) ? { at: first.at, count } : undefined
}

interface Best {
  readonly ms: number
  /** The request that ends here and begins with the span of this index. */
  readonly from: number
  readonly request: Span
}

/**
 * The requests that cover every span and cost the line least. No span is cut, so values that belong together (a float's
 * two words, a value and its scale factor) come from one answer. In the order of addresses; of two equal plans the one with
 * fewer requests. Throws RangeError for a span that no request can hold.
 *
 * Requests over neighbours suffice: of two requests that reach into each other, spans can change over without a longer
 * request. So the cheapest cover of the first n spans is the cheapest of the first k and one request over the rest.
 */
export function planReads(wanted: readonly Span[], limits: PlanLimits): Span[] {
  const most = Math.min(limits.maxRegisters, MOST_REGISTERS)
  const spans = [...wanted].sort((a, b) => a.at - b.at || b.count - a.count)
  const best: Best[] = []
  for (const [last, span] of spans.entries()) {
    if (!(span.count >= 1 && span.count <= most && span.at >= 0 && span.at + span.count <= 0x1_0000)) {
      throw new RangeError(`no request of at most ${most} registers can hold ${span.count} from ${span.at}`)
    }
    let cheapest: Best | undefined
    for (let from = last; from >= 0; from--) {
      const first = spans[from]
      // further back a request only gets longer
      if (first === undefined || span.at + span.count - first.at > most) break
      const request = requestFor(spans.slice(from, last + 1), limits)
      if (request === undefined) {
        if (limits.holes === 'rejected' || limits.cuts !== undefined) continue
        break
      }
      const ms = (best[from - 1]?.ms ?? 0) + costMs([request], limits.timing)
      if (cheapest === undefined || ms <= cheapest.ms) cheapest = { ms, from, request }
    }
    if (cheapest === undefined) throw new RangeError(`no request for ${span.count} registers from ${span.at}`)
    best.push(cheapest)
  }
  const plan: Span[] = []
  for (let last = spans.length - 1; last >= 0; ) {
    const step = best[last]
    if (step === undefined) break
    plan.push(step.request)
    last = step.from - 1
  }
  return plan.reverse()
}

/**
 * Where to cut a request that the device refused: at the longest run of registers that nobody asked for, else between
 * the two spans nearest its middle. Undefined where it holds only one span: then that is what is refused.
 */
export function cutOf(request: Span, wanted: readonly Span[]): number | undefined {
  const end = request.at + request.count
  const inside = wanted
    .filter((span) => span.at >= request.at && span.at + span.count <= end)
    .sort((a, b) => a.at - b.at)
  let cut: { readonly at: number; readonly hole: number; readonly off: number } | undefined
  let reach = request.at
  for (const [index, span] of inside.entries()) {
    if (index > 0 && span.at >= reach) {
      const hole = span.at - reach
      const off = Math.abs(span.at - (request.at + request.count / 2))
      if (cut === undefined || hole > cut.hole || (hole === cut.hole && off < cut.off)) cut = { at: span.at, hole, off }
    }
    reach = Math.max(reach, span.at + span.count)
  }
  return cut?.at
}

import { costMs, type LineTiming, planReads, type Span, serialTiming } from '../src/core/plan.ts'
import { modelIds, shippedModel, wordsOf } from '../src/index.ts'

/** A line as meters have it: 9,600 baud, 8N1, and a turnaround of 20 ms. */
const LINE = serialTiming({ baudRate: 9_600, parity: 'none', stopBits: 1 }, 20)

/** Milliseconds on the line for one reading of some points. */
export interface PlanCost {
  readonly oursMs: number
  /** One request for each point. */
  readonly apartMs: number
  /** The cheapest of all ways to share the points out to requests; undefined where they are too many to try. */
  readonly leastMs: number | undefined
}

/** Points of which all ways to share them out are tried: Bell's number of 8 is 4,140, of 12 four million. */
const MOST_TRIED = 8

/** What reading all points of each model costs, and of as many of its first points as all ways can be tried of. */
export function measurePlans(print: (line: string) => void): PlanCost[] {
  return modelIds().flatMap((id) => {
    const { points, maxRegisters, holes, kind } = shippedModel(id)
    const spans = Object.values(points)
      .filter((point) => (point.kind ?? kind) === kind)
      .map((point) => ({ at: point.at, count: wordsOf(point) }))
    const limits = { maxRegisters, holes, timing: LINE }
    const costs = [spans, ...samplesOf(spans)].map((some) => {
      const leastMs = some.length > MOST_TRIED ? undefined : leastCostMs(some, limits)
      return { oursMs: costMs(planReads(some, limits), LINE), apartMs: costMs(some, LINE), leastMs }
    })
    const [all] = costs
    const requests = planReads(spans, limits).length
    const ms = `${Math.round(all?.oursMs ?? 0)} ms of ${Math.round(all?.apartMs ?? 0)}`
    print(`${id}: ${requests} requests for ${spans.length} points, ${ms}`)
    return costs
  })
}

/** Neighbours by address, and points from all over the table: both few enough to try everything. */
function samplesOf(spans: readonly Span[]): Span[][] {
  const sorted = [...spans].sort((a, b) => a.at - b.at)
  const runs: Span[][] = []
  for (let from = 0; from < sorted.length; from += MOST_TRIED) runs.push(sorted.slice(from, from + MOST_TRIED))
  const step = Math.ceil(sorted.length / MOST_TRIED)
  for (let from = 0; from < step; from++) runs.push(sorted.filter((_, i) => i % step === from))
  return runs
}

/** By trying every way to share the spans out to requests. */
function leastCostMs(
  wanted: readonly Span[],
  { maxRegisters, holes, timing }: { maxRegisters: number; holes: 'readable' | 'rejected'; timing: LineTiming },
): number {
  const asked = new Set(wanted.flatMap(({ at, count }) => Array.from({ length: count }, (_, i) => at + i)))
  const requestOver = (spans: readonly Span[]): Span | undefined => {
    const at = Math.min(...spans.map((span) => span.at))
    const count = Math.max(...spans.map((span) => span.at + span.count)) - at
    if (count > maxRegisters) return undefined
    const isWhole = Array.from({ length: count }, (_, i) => at + i).every((one) => asked.has(one))
    return holes === 'rejected' && !isWhole ? undefined : { at, count }
  }
  let least = Number.POSITIVE_INFINITY
  const share = (index: number, groups: readonly (readonly Span[])[]): void => {
    const span = wanted[index]
    if (span === undefined) {
      const requests = groups.flatMap((group) => requestOver(group) ?? [])
      if (requests.length === groups.length) least = Math.min(least, costMs(requests, timing))
      return
    }
    for (const [at, group] of groups.entries()) share(index + 1, groups.with(at, [...group, span]))
    share(index + 1, [...groups, [span]])
  }
  share(0, [])
  return least
}

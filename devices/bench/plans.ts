import { costMs, type LineTiming, planReads, type Span, serialTiming } from '../src/core/plan.ts'
import { modelIds, shippedModel, wordsOf } from '../src/index.ts'

/** A line as meters have it: 9,600 baud, 8N1, and a turnaround of 20 ms. */
const LINE = serialTiming({ baudRate: 9_600, parity: 'none', stopBits: 1 }, 20)

/** What reading all points of a model costs. */
export interface PlanCost {
  /** Over one request for each point. */
  readonly toApart: number
  /** Over the cheapest of all ways to share points out to requests: the worst of as few points as all ways can be tried of. */
  readonly toLeast: number
}

/** Points of which all ways to share them out are tried: Bell's number of 8 is 4,140, of 12 four million. */
const MOST_TRIED = 8

/** Of each model in turn. */
export function measurePlans(print: (line: string) => void): PlanCost[] {
  return modelIds().map((id) => {
    const { points, maxRegisters, holes, kind } = shippedModel(id)
    const spans = Object.values(points)
      .filter((point) => (point.kind ?? kind) === kind)
      .map((point) => ({ at: point.at, count: wordsOf(point) }))
    const limits = { maxRegisters, holes, timing: LINE }
    const plan = planReads(spans, limits)
    const [oursMs, apartMs] = [costMs(plan, LINE), costMs(spans, LINE)]
    const toLeast = samplesOf(spans).map((some) => costMs(planReads(some, limits), LINE) / leastCostMs(some, limits))
    const worst = Math.max(...toLeast)
    const ms = `${Math.round(oursMs)} ms of ${Math.round(apartMs)}`
    print(
      `${id}: ${plan.length} requests for ${spans.length} points, ${ms}; ${worst.toFixed(3)} of the optimum at worst`,
    )
    return { toApart: oursMs / apartMs, toLeast: worst }
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

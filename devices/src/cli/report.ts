import type { Find } from '../discovery/alike.ts'
import type { Ranked } from '../discovery/rank.ts'
import type { ScanEvent } from '../discovery/scan.ts'
import type { ScanPlan } from '../discovery/scan-plan.ts'
import { type LineTarget, targetFlags } from '../discovery/target.ts'

/** Tells of a scan as it goes on. */
export interface Reporter {
  plan(plan: ScanPlan): void
  event(event: ScanEvent): void
  end(finds: readonly Find[], isInterrupted: boolean): void
}

/** Whether an event is worth telling: of a subnet's addresses only what was found is, most have nobody. */
export function isTold(event: ScanEvent, named: readonly LineTarget[]): boolean {
  if (event.is !== 'closed') return true
  return event.target.via === 'serial' || named.includes(event.target)
}

/** The model to read a device through: one that its marks prove, else SunSpec where it speaks that, else the best fit. */
export function modelFor({ ranked, sunSpec }: Pick<Find, 'ranked' | 'sunSpec'>): string | undefined {
  const [best] = ranked
  if (best?.fit === 'certain') return best.modelId
  if (sunSpec !== undefined && sunSpec.models.length > 0) return 'sunspec'
  return best === undefined || best.fit === 'no' ? undefined : best.modelId
}

/** The command that reads a device which was found. */
export function readCommandFor(find: Find): string | undefined {
  const model = modelFor(find)
  if (model === undefined) return undefined
  return `npx wattfleet-devices read ${targetFlags(find.target)} --unit ${find.units[0]} --model ${model}`
}

/** Numbers as ranges: `1–10, 126`. */
export function numbersText(numbers: readonly number[]): string {
  const runs: [number, number][] = []
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last !== undefined && number === last[1] + 1) last[1] = number
    else runs.push([number, number])
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ')
}

/** Models that fit at all. */
export function fitting(ranked: readonly Ranked[]): Ranked[] {
  return ranked.filter(({ fit }) => fit !== 'no')
}

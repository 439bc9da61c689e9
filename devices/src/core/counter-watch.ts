/**
 * What a cumulative energy counter does that is no energy: it is reset, rolls over, jumps and comes back, stands still
 * while power flows, or counts in steps as coarse as a slot's energy. Values in Wh; times in monotonic milliseconds.
 */

export interface CounterSample {
  readonly atMs: number
  readonly energyWh: number
  /** Power in the counter's direction at the same moment, W; absent where the meter does not say. */
  readonly powerW?: number
}

export interface CounterLimits {
  /** The most that the connection can carry: fuse rating × voltage × phases, W. */
  readonly mostW: number
  /** Where the counter starts again from zero: the width of its register in Wh. Absent where that is not known. */
  readonly rollsOverAtWh?: number
}

/**
 * `counted`: `addedWh` have flowed since the last value. `rolled-over`: they have, through the counter's end. `reset`: it
 * counts from another value, and what flowed around that is unknown. `held`: a value that cannot be; the next one shows
 * whether the counter is there now (`reset`) or it was a misreading.
 */
export type CounterVerdict =
  | { readonly is: 'first' | 'reset' }
  | { readonly is: 'counted' | 'rolled-over'; readonly addedWh: number }
  | { readonly is: 'held'; readonly why: 'jump' | 'fell' }

export interface CounterWatch {
  readonly last: CounterSample
  /** A value that was not believed, until the next one. */
  readonly doubted?: CounterSample
  /** Energy that power says has flowed since the counter last moved, Wh. */
  readonly flowedWh: number
  /** The greatest common divisor of all that was added so far, Wh: the counter's own step, or a multiple while little was seen. */
  readonly stepWh?: number
}

/** What a reading may be early or late by against the meter's own sampling. */
const JITTER_MS = 2_000
/** Meters read a little above the fuse for a while before it melts (gG fuses carry 1.6 times their rating for an hour). */
const FUSE_FACTOR = 1.6
/** So many steps, and at least so much, has to have flowed before a counter that stands still is called stuck. */
const STUCK_STEPS = 3
const STUCK_LEAST_WH = 50
/** Nobody sees a power between two readings that are further apart: nothing is made of it. */
const POWER_HOLDS_MS = 120_000
/** A counter whose steps are a tenth of what a slot of a household moves is coarse. */
const COARSE_WH = 100

/** The most that can have flowed between two moments, with one step of the counter. */
export function mostWh(fromMs: number, toMs: number, { mostW }: CounterLimits, stepWh: number): number {
  return (mostW * FUSE_FACTOR * (toMs - fromMs + JITTER_MS)) / 3_600_000 + stepWh
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}

function flowed({ last }: CounterWatch, { atMs, powerW }: CounterSample): number {
  const forMs = atMs - last.atMs
  if (powerW === undefined || last.powerW === undefined || forMs > POWER_HOLDS_MS) return 0
  return (Math.min(powerW, last.powerW) * forMs) / 3_600_000
}

function movedTo(watch: CounterWatch, sample: CounterSample, addedWh: number): CounterWatch {
  const step = addedWh === 0 ? watch.stepWh : divisor(addedWh, watch.stepWh ?? 0)
  return {
    last: sample,
    flowedWh: addedWh === 0 ? watch.flowedWh + flowed(watch, sample) : 0,
    ...(step !== undefined && { stepWh: step }),
  }
}

/** What a rise, or a rise through the counter's end, comes to; undefined where neither can be. */
function added(watch: CounterWatch, sample: CounterSample, limits: CounterLimits): CounterVerdict | undefined {
  const most = mostWh(watch.last.atMs, sample.atMs, limits, watch.stepWh ?? 1)
  const rise = sample.energyWh - watch.last.energyWh
  if (rise >= 0 && rise <= most) return { is: 'counted', addedWh: rise }
  const { rollsOverAtWh } = limits
  if (rise >= 0 || rollsOverAtWh === undefined || watch.last.energyWh >= rollsOverAtWh) return undefined
  const around = rise + rollsOverAtWh
  return around <= most ? { is: 'rolled-over', addedWh: around } : undefined
}

/** Takes in a value of a counter and says what it means. A value no later than the last is as if it had not come. */
export function watchCounter(
  watch: CounterWatch | undefined,
  sample: CounterSample,
  limits: CounterLimits,
): { readonly watch: CounterWatch; readonly verdict: CounterVerdict } {
  if (watch === undefined) return { watch: { last: sample, flowedWh: 0 }, verdict: { is: 'first' } }
  if (sample.atMs <= watch.last.atMs) return { watch, verdict: { is: 'counted', addedWh: 0 } }
  const verdict = added(watch, sample, limits)
  if (verdict !== undefined && 'addedWh' in verdict) {
    return { watch: movedTo(watch, sample, verdict.addedWh), verdict }
  }
  const { doubted } = watch
  const goesOn =
    doubted !== undefined &&
    sample.energyWh >= doubted.energyWh &&
    sample.energyWh - doubted.energyWh <= mostWh(doubted.atMs, sample.atMs, limits, watch.stepWh ?? 1)
  // it stays where nobody believed it to be: then that is where it counts now
  if (goesOn && sample.atMs > doubted.atMs) {
    const { doubted: _, ...rest } = watch
    return { watch: { ...rest, last: sample, flowedWh: 0 }, verdict: { is: 'reset' } }
  }
  const why = sample.energyWh < watch.last.energyWh ? 'fell' : 'jump'
  return { watch: { ...watch, doubted: sample }, verdict: { is: 'held', why } }
}

/** Whether the counter stands still although the meter itself shows power: its energy is not to be settled by. */
export function isStuck({ flowedWh, stepWh }: CounterWatch): boolean {
  return flowedWh > Math.max(STUCK_LEAST_WH, STUCK_STEPS * (stepWh ?? 1))
}

/** Whether it counts in steps too coarse for a slot, such as whole kWh; undefined while it has not moved. */
export function isCoarse({ stepWh }: CounterWatch): boolean | undefined {
  return stepWh === undefined ? undefined : stepWh >= COARSE_WH
}

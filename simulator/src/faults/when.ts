import { seedOf, uniform } from '../core/random.ts'
import type { FaultSpec } from './spec.ts'

/** What the decision about one request is made of. */
export interface Occasion {
  readonly seed: number
  /** The fault's id: the same fault draws the same. */
  readonly id: string
  /** When the fault was given, milliseconds of the wire's clock. */
  readonly sinceMs: number
  readonly nowMs: number
  /** Requests to the device within the fault's time, this one too. */
  readonly asked: number
}

type Window = Pick<FaultSpec, 'afterMs' | 'forMs' | 'repeatMs'>

/** Whether the fault's time has come and is not over. */
export function isInTime({ afterMs = 0, forMs, repeatMs }: Window, sinceMs: number, nowMs: number): boolean {
  const inMs = nowMs - sinceMs - afterMs
  if (inMs < 0) return false
  return forMs === undefined || (repeatMs === undefined ? inMs : inMs % repeatMs) < forMs
}

/** When `isInTime` changes next; infinite where it never does again. */
export function nextChangeMs({ afterMs = 0, forMs, repeatMs }: Window, sinceMs: number, nowMs: number): number {
  const beginsMs = sinceMs + afterMs
  if (nowMs < beginsMs) return beginsMs
  if (forMs === undefined) return Number.POSITIVE_INFINITY
  if (repeatMs === undefined) return nowMs < beginsMs + forMs ? beginsMs + forMs : Number.POSITIVE_INFINITY
  const roundMs = beginsMs + Math.floor((nowMs - beginsMs) / repeatMs) * repeatMs
  return nowMs < roundMs + forMs ? roundMs + forMs : roundMs + repeatMs
}

/** Draws of one request: whether it is hit, and how long a delay of a range is. */
const DRAW = { hit: 1, delay: 2 } as const

/** Whether a request within the fault's time is hit. */
export function isHit(spec: FaultSpec, { seed, id, asked }: Occasion): boolean {
  if (spec.kind === 'refused') return false
  if (spec.every !== undefined && asked % spec.every !== 0) return false
  return spec.probability === undefined || uniform(seed, seedOf(id), DRAW.hit, asked) < spec.probability
}

/** A delay, milliseconds; of a range each request draws its own. */
export function delayOf(ms: number | readonly [number, number], { seed, id, asked }: Occasion): number {
  if (typeof ms === 'number') return ms
  const [least, most] = ms
  return least + (most - least) * uniform(seed, seedOf(id), DRAW.delay, asked)
}

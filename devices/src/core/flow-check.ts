/**
 * A current transformer that was put on the wrong way round shows a phase's power with the wrong sign. It is suspected
 * where what a phase shows follows the generation of the house: when the inverter gives more, the grid connection must draw
 * less, or feed more. An installer has to confirm it: a load that follows the sun looks the same.
 */

/** Powers at one moment, W. */
export interface FlowSample {
  /** Of each phase at the grid connection, or only their sum; drawn from the grid is positive. */
  readonly gridW: readonly number[]
  /** What the inverter gives at its alternating current side. */
  readonly generationW: number
}

interface Moments {
  readonly products: number
  readonly gridSquares: number
}

/** Sums over the changes from one sample to the next. Changes, because loads that stay the same say nothing. */
export interface FlowCheck {
  readonly last: FlowSample
  readonly changes: number
  readonly generationSquares: number
  readonly phases: readonly Moments[]
}

export interface Suspicion {
  /** From 0. */
  readonly phase: number
  /** Pearson's r of the changes: +1 where the phase follows the generation, -1 where it does what it must. */
  readonly correlation: number
  readonly changes: number
}

/** A change of the generation by less is lost in what loads do. */
const LEAST_CHANGE_W = 100
/** Fewer changes prove nothing, whatever they look like. */
const LEAST_CHANGES = 30
/** What was seen long ago counts ever less, so that a transformer that was turned round is no longer suspected. */
const MOST_CHANGES = 1_000
/** A phase with a wrong sign is close to 1 on days with clouds; loads alone stay near 0. */
const SUSPICIOUS = 0.6

/** Takes in one more sample. Samples with another number of phases begin anew. */
export function checkFlow(check: FlowCheck | undefined, sample: FlowSample): FlowCheck {
  const { gridW, generationW } = sample
  if (check === undefined || check.phases.length !== gridW.length) {
    const phases = gridW.map(() => ({ products: 0, gridSquares: 0 }))
    return { last: sample, changes: 0, generationSquares: 0, phases }
  }
  const more = generationW - check.last.generationW
  if (Math.abs(more) < LEAST_CHANGE_W) return { ...check, last: sample }
  const keep = check.changes < MOST_CHANGES ? 1 : 0.5
  return {
    last: sample,
    changes: check.changes * keep + 1,
    generationSquares: check.generationSquares * keep + more ** 2,
    phases: check.phases.map(({ products, gridSquares }, phase) => {
      const drawn = (gridW[phase] ?? 0) - (check.last.gridW[phase] ?? 0)
      return { products: products * keep + drawn * more, gridSquares: gridSquares * keep + drawn ** 2 }
    }),
  }
}

/** The phases that seem to be the wrong way round; none while too little was seen. */
export function suspicions({ changes, generationSquares, phases }: FlowCheck): Suspicion[] {
  if (changes < LEAST_CHANGES) return []
  return phases.flatMap(({ products, gridSquares }, phase) => {
    const scale = Math.sqrt(gridSquares * generationSquares)
    const correlation = scale === 0 ? 0 : products / scale
    return correlation >= SUSPICIOUS ? [{ phase, correlation, changes }] : []
  })
}

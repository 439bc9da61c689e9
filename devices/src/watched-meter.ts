import { type CounterLimits, type CounterWatch, isCoarse, isStuck, watchCounter } from './core/counter-watch.ts'
import { missing } from './core/readings.ts'
import type { Measured, Meter, Reading } from './ports.ts'

/** Something about a meter that an installer, or whoever watches the fleet, should know. */
export interface Finding {
  readonly counter: 'import' | 'export'
  /**
   * `reset`: it counts from another value now. `rolled-over`: its register came to its end. `held`: a value that cannot be
   * was not believed. `stuck`: it stands still while power flows. `coarse`: its steps are too large for a slot.
   */
  readonly is: 'reset' | 'rolled-over' | 'held' | 'stuck' | 'coarse'
  /** What the meter showed, Wh. */
  readonly energyWh: number
}

export interface WatchOptions {
  /** The most that the connection can carry, W. */
  readonly mostW: number
  /** Where the counters start again from zero, Wh; absent where the model does not say. */
  readonly rollsOverAtWh?: number
  /** Called with each reading that a finding holds for: whoever tells people remembers what it has told. */
  readonly onFinding: (finding: Finding) => void
}

/** Meters read a little above the fuse for a while; above this it is no power of this connection. */
const POWER_FACTOR = 1.6

/**
 * A meter whose values are looked at before they are given on: a counter that jumps, falls or stands still while power
 * flows, and a power that the connection cannot carry, are missing as `implausible` or `stuck`. A counter that was reset or
 * has rolled over is given as it is: whoever makes energy of it sees that it fell.
 */
export function watchedMeter(meter: Meter, options: WatchOptions): Meter {
  const watches: Partial<Record<Finding['counter'], CounterWatch>> = {}
  const { mostW, rollsOverAtWh, onFinding } = options
  const limits: CounterLimits = { mostW, ...(rollsOverAtWh !== undefined && { rollsOverAtWh }) }

  const checked = (counter: Finding['counter'], energy: Measured, power: Measured): Measured => {
    if (energy.quality === 'missing') return energy
    const { value: energyWh, readMs } = energy
    const powerW = power.quality === 'missing' ? {} : { powerW: power.value }
    const { watch, verdict } = watchCounter(watches[counter], { atMs: readMs, energyWh, ...powerW }, limits)
    watches[counter] = watch
    const stuck = isStuck(watch)
    const is = verdict.is === 'first' || verdict.is === 'counted' ? (stuck ? 'stuck' : undefined) : verdict.is
    if (is !== undefined) onFinding({ counter, is, energyWh })
    if (isCoarse(watch)) onFinding({ counter, is: 'coarse', energyWh })
    if (verdict.is === 'held') return missing('implausible', readMs)
    return stuck ? missing('stuck', readMs) : energy
  }

  return {
    async read(signal): Promise<Reading> {
      const reading = await meter.read(signal)
      const carried = (power: Measured) =>
        power.quality !== 'missing' && power.value > mostW * POWER_FACTOR ? missing('implausible', power.readMs) : power
      const [importW, exportW] = [carried(reading.importW), carried(reading.exportW)]
      return {
        ...reading,
        importEnergyWh: checked('import', reading.importEnergyWh, importW),
        exportEnergyWh: checked('export', reading.exportEnergyWh, exportW),
        importW,
        exportW,
      }
    },
  }
}

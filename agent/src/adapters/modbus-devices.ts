import type { Inverter, Measured, Meter, MissingReason } from '@wattfleet/devices'
import type { GridMeter, Log, SunSource } from '../ports.ts'
import type { LineFaults } from './line-faults.ts'

function known(measured: Measured): number | undefined {
  return measured.quality === 'missing' ? undefined : measured.value
}

/** What a meter that has no such value shows of a house that cannot feed in. */
function nothing(measured: Measured, feedsIn: boolean): number | undefined {
  const isAbsent = measured.quality === 'missing' && measured.reason === 'unsupported'
  return isAbsent && !feedsIn ? 0 : known(measured)
}

/** Not asked, or not to the end: what was wrong before still is. */
const SAYS_NOTHING: readonly MissingReason[] = ['backing-off', 'stopped']
/** Of these the line has told more than the word. */
const OF_THE_LINE: readonly MissingReason[] = ['timeout', 'connection', 'exception', 'unreachable', 'malformed']

/** What is wrong with a reading, in words; undefined where it says nothing new. */
function whatIsWrong(values: Readonly<Record<string, Measured>>, fault: string | undefined): string | undefined {
  const missing = Object.entries(values).flatMap(([name, it]) =>
    it.quality === 'missing' ? [[name, it.reason] as const] : [],
  )
  if (missing.every(([, reason]) => SAYS_NOTHING.includes(reason))) return undefined
  if (fault !== undefined && missing.some(([, reason]) => OF_THE_LINE.includes(reason))) return fault
  return missing.map(([name, reason]) => `${name}: ${reason}`).join(', ')
}

/**
 * A grid meter as the gateway needs it: a reading is whole or missing, for a slot cannot be cut out of half of one. Where the
 * house cannot feed in (`feedsIn` false), a meter without an export counter is whole: it counts nothing.
 * What is wrong is told once, and again where it is something else.
 */
export function gridMeter(meter: Meter, log: Log, faults: LineFaults, feedsIn = true): GridMeter {
  let told: string | undefined
  return {
    async read(signal) {
      faults.take()
      const reading = await meter.read(signal)
      const importWh = known(reading.importEnergyWh)
      const exportWh = nothing(reading.exportEnergyWh, feedsIn)
      const importW = known(reading.importW)
      const exportW = nothing(reading.exportW, feedsIn)
      if (importWh === undefined || exportWh === undefined || importW === undefined || exportW === undefined) {
        const { importEnergyWh, exportEnergyWh, importW, exportW } = reading
        const reason = whatIsWrong({ importEnergyWh, exportEnergyWh, importW, exportW }, faults.take()) ?? told
        if (reason !== told) log.warn({ target: faults.target, reason }, 'the meter cannot be read')
        told = reason
        return undefined
      }
      told = undefined
      const phasesW = reading.phasesW?.map(known).filter((w) => w !== undefined) ?? []
      return {
        ...{ atMs: reading.atMs, importWh, exportWh, stepWh: reading.stepWh ?? 1, importW, exportW },
        ...(phasesW.length > 0 && { phasesW }),
      }
    },
  }
}

/** What an inverter feeds in at its AC side; a battery inverter that draws counts as nothing fed in. */
export function sunSource(inverter: Inverter): SunSource {
  return {
    async readSunW(signal) {
      const powerW = known((await inverter.read(signal)).acPowerW)
      return powerW === undefined ? undefined : Math.max(0, powerW)
    },
  }
}

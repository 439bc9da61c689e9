import type { Inverter, Measured, Meter } from '@wattfleet/devices'
import type { GridMeter, Log, SunSource } from '../ports.ts'

function known(measured: Measured): number | undefined {
  return measured.quality === 'missing' ? undefined : measured.value
}

/** What a meter that has no such value shows of a house that cannot feed in. */
function nothing(measured: Measured, feedsIn: boolean): number | undefined {
  const isAbsent = measured.quality === 'missing' && measured.reason === 'unsupported'
  return isAbsent && !feedsIn ? 0 : known(measured)
}

function reasonOf(measured: Measured): string | undefined {
  return measured.quality === 'missing' ? measured.reason : undefined
}

/**
 * A grid meter as the gateway needs it: a reading is whole or missing, for a slot cannot be cut out of half of one. Where the
 * house cannot feed in (`feedsIn` false), a meter without an export counter is whole: it counts nothing.
 */
export function gridMeter(meter: Meter, log: Log, feedsIn = true): GridMeter {
  return {
    async read(signal) {
      const reading = await meter.read(signal)
      const importWh = known(reading.importEnergyWh)
      const exportWh = nothing(reading.exportEnergyWh, feedsIn)
      const importW = known(reading.importW)
      const exportW = nothing(reading.exportW, feedsIn)
      if (importWh === undefined || exportWh === undefined || importW === undefined || exportW === undefined) {
        const reasons = [reading.importEnergyWh, reading.exportEnergyWh, reading.importW, reading.exportW].map(reasonOf)
        log.debug({ reasons }, 'the meter gave no whole reading')
        return undefined
      }
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

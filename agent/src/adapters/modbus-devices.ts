import type { Inverter, Measured, Meter } from '@wattfleet/devices'
import type { GridMeter, Log, SunSource } from '../ports.ts'

function known(measured: Measured): number | undefined {
  return measured.quality === 'missing' ? undefined : measured.value
}

function reasonOf(measured: Measured): string | undefined {
  return measured.quality === 'missing' ? measured.reason : undefined
}

/**
 * The step of a counter that its meter keeps in kWh as a 32-bit float (IEEE 754: 24 bits of significand), at least the
 * whole Wh it is read in: 1 Wh up to 16 MWh, 2 up to 33 MWh, 4 up to 65 MWh.
 */
export function float32StepWh(energyWh: number): number {
  const exponent = Math.floor(Math.log2(Math.max(1, energyWh / 1000)))
  return Math.max(1, 1000 * 2 ** (exponent - 23))
}

/** A grid meter as the gateway needs it: a reading is whole or missing, for a slot cannot be cut out of half of one. */
export function gridMeter(meter: Meter, log: Log): GridMeter {
  return {
    async read(signal) {
      const reading = await meter.read(signal)
      const importWh = known(reading.importEnergyWh)
      const exportWh = known(reading.exportEnergyWh)
      const importW = known(reading.importW)
      const exportW = known(reading.exportW)
      if (importWh === undefined || exportWh === undefined || importW === undefined || exportW === undefined) {
        const reasons = [reading.importEnergyWh, reading.exportEnergyWh, reading.importW, reading.exportW].map(reasonOf)
        log.debug({ reasons }, 'the meter gave no whole reading')
        return undefined
      }
      const stepWh = float32StepWh(Math.max(importWh, exportWh))
      return { atMs: reading.atMs, importWh, exportWh, stepWh, importW, exportW }
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

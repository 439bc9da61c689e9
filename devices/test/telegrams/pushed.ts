import { type Fault, manualClock } from '@wattfleet/protocol'
import type { ByteLine } from '../../src/adapters/rtu-link.ts'
import type { Measured, Reading } from '../../src/ports.ts'
import { telegramMeter } from '../../src/telegrams/telegram-meter.ts'

/** Three phases of 63 A. */
export const MOST_W = 43_470

export const shown = (value: Measured) => (value.quality === 'missing' ? null : value.value)
export const figures = (reading: Reading) => ({
  import: shown(reading.importEnergyWh),
  export: shown(reading.exportEnergyWh),
  importW: shown(reading.importW),
  exportW: shown(reading.exportW),
  step: reading.stepWh,
})

/** A meter behind a line in virtual time. */
export function pushed(format: 'sml' | 'text' = 'sml', fault?: Fault) {
  const steady = manualClock(0)
  const clock = manualClock(1_763_000_000_000)
  let tell: (bytes: Uint8Array | undefined) => void = () => undefined
  let opened = 0
  const line: ByteLine = {
    alive: true,
    write: async () => undefined,
    destroy: () => undefined,
    listen: (onBytes) => {
      tell = onBytes
    },
  }
  let opening: AbortSignal | undefined
  const open = async (signal: AbortSignal) => {
    opened++
    opening = signal
    if (fault !== undefined) throw fault
    return line
  }
  const meter = telegramMeter({ format, mostW: MOST_W, open, clock, steady })
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const told = (bytes: Uint8Array | undefined) => tell(bytes)
  return { meter, steady, clock, turn, say: told, opened: () => opened, opening: () => opening }
}

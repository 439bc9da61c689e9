import { type Clock, monotonicClock } from '@wattfleet/protocol'
import { type TelegramFormat, type TelegramMeter, telegramMeter } from '../telegrams/telegram-meter.ts'
import { openPort } from './serial-port.ts'

export interface InfraredMeterOptions {
  /** The head's port, such as `/dev/ttyUSB0`. */
  readonly path: string
  readonly format: TelegramFormat
  /** Without it 9600. */
  readonly baudRate?: number
  /** The most that the connection can carry, W. */
  readonly mostW: number
  /** What readings are dated by. */
  readonly clock: Clock
  /** Told why the port could not be opened or was lost: a reading only says `connection`. */
  readonly onFault?: (fault: unknown) => void
}

/** A meter behind an infrared head that pushes its telegrams: binary ones in 8N1, readable ones in 7E1 (IEC 62056-21, 5.1). */
export function infraredMeter({
  path,
  format,
  baudRate = 9_600,
  mostW,
  clock,
  onFault,
}: InfraredMeterOptions): TelegramMeter {
  const frame =
    format === 'sml' ? ({ parity: 'none', dataBits: 8 } as const) : ({ parity: 'even', dataBits: 7 } as const)
  const open = (signal: AbortSignal) => openPort({ path, baudRate, stopBits: 1, ...frame }, signal)
  return telegramMeter({ format, mostW, open, clock, steady: monotonicClock(), ...(onFault && { onFault }) })
}

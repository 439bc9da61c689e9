import { monotonicMs } from '@wattfleet/protocol'
import { NETWORK_TIMING } from '../core/plan.ts'
import type { ModbusConnection } from '../ports.ts'
import { sharedLine } from './shared-line.ts'
import { connectLink } from './tcp-link.ts'

export interface ModbusTcpOptions {
  readonly host: string
  readonly port: number
  /** Longest wait for a connection and for an answer, wall milliseconds. */
  readonly timeoutMs?: number
  /** See `SharedLineOptions`. */
  readonly backsOff?: boolean
  /** The system's monotonic clock, milliseconds; for tests. */
  readonly monotonicMs?: () => number
}

/** An answer of 125 registers takes 0.3 s on a 9600 baud line behind a gateway; three times that is silence. */
export const DEFAULT_TIMEOUT_MS = 1_000

/**
 * A connection to a Modbus TCP device, or to a gateway with several behind it. It is made anew after a time-out or a bad
 * frame: a late answer finds no socket.
 */
export function openModbusTcp(options: ModbusTcpOptions): ModbusConnection {
  const { host, port, timeoutMs = DEFAULT_TIMEOUT_MS, backsOff = true } = options
  return sharedLine({
    name: `${host}:${port}`,
    timing: NETWORK_TIMING,
    timeoutMs,
    backsOff,
    monotonicMs: options.monotonicMs ?? monotonicMs,
    connect: (signal) => connectLink(host, port, timeoutMs, signal),
  })
}

import type { Socket } from 'node:net'
import { monotonicMs } from '@wattfleet/protocol'
import { characterMs, frameGapMs, NETWORK_TIMING, serialTiming } from '../core/plan.ts'
import type { SerialDefaults } from '../core/points.ts'
import type { ModbusConnection } from '../ports.ts'
import { lineClock } from './line-clock.ts'
import { DEFAULT_TIMEOUT_MS } from './modbus-tcp.ts'
import { type ByteLine, type RtuOptions, rtuLink } from './rtu-link.ts'
import { openPort, written } from './serial-port.ts'
import { sharedLine } from './shared-line.ts'
import { connected } from './tcp-link.ts'

/** How late an answer may still begin: slow meters behind radio adapters take a second and more. */
export const DEFAULT_MAX_REPLY_DELAY_MS = 2_000
/** What a meter takes before it answers, for plans: most are between 10 and 50 ms. */
const TURNAROUND_MS = 20
/** Whether a socket is half open cannot be seen; a device that is off does not mind a new one. */
const MOST_SILENCES = 3

interface RtuTiming {
  /** Longest wait for an answer's beginning, wall milliseconds. */
  readonly timeoutMs?: number
  /** See `RtuOptions`; never less than the time-out. */
  readonly maxReplyDelayMs?: number
  /** See `SharedLineOptions`. */
  readonly backsOff?: boolean
}

export interface SerialOptions extends RtuTiming, SerialDefaults {
  /** Such as `/dev/ttyUSB0`. */
  readonly path: string
}

export interface RtuOverTcpOptions extends RtuTiming {
  readonly host: string
  readonly port: number
}

function timesOf(options: RtuTiming) {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxReplyDelayMs = DEFAULT_MAX_REPLY_DELAY_MS, backsOff = true } = options
  return { timeoutMs, backsOff, maxReplyDelayMs: Math.max(timeoutMs, maxReplyDelayMs) }
}

/** A Modbus RTU line on a serial port, shared by the devices on it. It opens with the first request. */
export function openModbusSerial(options: SerialOptions): ModbusConnection {
  const { path, baudRate, parity, stopBits } = options
  const { timeoutMs, maxReplyDelayMs, backsOff } = timesOf(options)
  const oneMs = characterMs(baudRate, parity, stopBits)
  const clock = lineClock()
  const rtu: RtuOptions = {
    ...{ name: path, characterMs: oneMs, gapMs: frameGapMs(baudRate, oneMs), maxReplyDelayMs, clock },
    free: { atMs: 0 },
  }
  return sharedLine({
    ...{ name: path, timing: serialTiming(options, TURNAROUND_MS), timeoutMs, backsOff, monotonicMs },
    connect: async (signal) => rtuLink(await openPort(options, signal), rtu),
  })
}

/**
 * Modbus RTU frames over a socket, as simple serial servers carry them: no transaction tells answers apart there either. The
 * socket is made anew when it was lost, and after a few time-outs in a row.
 */
export function openModbusRtuOverTcp(options: RtuOverTcpOptions): ModbusConnection {
  const { host, port } = options
  const { timeoutMs, maxReplyDelayMs, backsOff } = timesOf(options)
  const name = `${host}:${port}`
  const rtu: RtuOptions = {
    ...{ name, characterMs: 0, gapMs: 0, maxReplyDelayMs, clock: lineClock() },
    ...{ mostSilences: MOST_SILENCES, free: { atMs: 0 } },
  }
  return sharedLine({
    ...{ name, timing: NETWORK_TIMING, timeoutMs, backsOff, monotonicMs },
    connect: async (signal) => rtuLink(socketLine(await connected(host, port, timeoutMs, signal), name), rtu),
  })
}

function socketLine(socket: Socket, name: string): ByteLine {
  return {
    get alive() {
      return !socket.destroyed && socket.readyState === 'open'
    },
    write: (bytes) => written(name, (done) => socket.write(bytes, done)),
    listen(onBytes) {
      socket.on('data', onBytes)
      socket.once('close', () => onBytes(undefined))
    },
    destroy: () => socket.destroy(),
  }
}

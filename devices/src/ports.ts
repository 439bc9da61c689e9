import type { LineTiming } from './core/plan.ts'
import type { SetPoint } from './core/set-points.ts'

/**
 * What the rest of the project asks of a device. Every value is on its own good or missing: a device that is silent
 * gives a reading whose values are missing, with the reason, never a zero and never an exception.
 */

/** Why a value is missing. */
export const MISSING_REASONS = [
  'timeout', // the device did not answer in time
  'connection', // no connection, or it was lost while the answer was awaited
  'backing-off', // not asked: the last attempts failed a moment ago
  'exception', // the device answered with a Modbus exception
  'unreachable', // a gateway answered that it did not reach the device
  'malformed', // an answer that does not follow the protocol
  'not-available', // the device marks the value as not available, or gives NaN
  'changing', // its scale factor changed again and again while it was read
  'implausible', // a figure that cannot be, such as a counter below zero, or one that jumps
  'stuck', // a counter that stands still while power flows
  'unsupported', // the device has no such value
  'stopped', // the caller's signal was aborted or the connection closed
] as const
export type MissingReason = (typeof MISSING_REASONS)[number]

/**
 * One value as it was read. `estimated` is for sources that interpolate; nothing here guesses. `readMs` is when the answer
 * that held it was there, or when it was given up, on the caller's steady time (`Clock.steadyMs`): a clock that is stepped
 * makes no energy.
 */
export type Measured<T = number> =
  | { readonly quality: 'good' | 'estimated'; readonly value: T; readonly readMs: number }
  | { readonly quality: 'missing'; readonly reason: MissingReason; readonly readMs: number }

/**
 * A grid connection at one moment, under the names of OBIS (IEC 62056-6-1). Import and export are two figures, never
 * one signed number. `atMs` is the caller's clock when its counters were read.
 */
export interface Reading {
  readonly atMs: number
  /** 1.8.0: energy drawn from the grid since the meter was made, Wh, whole. */
  readonly importEnergyWh: Measured
  /** 2.8.0: energy fed into the grid since the meter was made, Wh, whole. */
  readonly exportEnergyWh: Measured
  /** The smallest step of the two counters, Wh: what each may be off by. Absent where they count whole Wh. */
  readonly stepWh?: number
  /** The positive part of 16.7.0 (sum of the phases), W, not below zero. */
  readonly importW: Measured
  /** The negative part of 16.7.0, W, not below zero; at most one of the two is above zero. */
  readonly exportW: Measured
  /** 36.7.0, 56.7.0 and 76.7.0: the power of each phase, W, drawn from the grid is positive. Where they were asked for. */
  readonly phasesW?: readonly Measured[]
}

/** What a meter may be asked for besides its counters and its power. */
export interface MeterOptions {
  /** The power of each phase too: it may cost the line another request. Without it no. */
  readonly phases?: boolean
}

/** A meter at the grid connection. */
export interface Meter {
  /** Never rejects because of the device: whatever could not be read is missing. */
  read(signal: AbortSignal): Promise<Reading>
}

/** Operating state of an inverter (SunSpec models 101–113, point St). */
export const INVERTER_STATES = [
  'off',
  'sleeping',
  'starting',
  'mppt',
  'throttled',
  'shutting-down',
  'fault',
  'standby',
] as const
export type InverterState = (typeof INVERTER_STATES)[number]

/** One direct-current input (SunSpec model 160): a string of panels, or a battery's charge or discharge path. */
export interface DcInput {
  readonly name: string
  readonly powerW: Measured
  readonly energyWh: Measured
}

/** A photovoltaic or battery inverter at one moment. */
export interface InverterReading {
  readonly atMs: number
  /** Power at the AC side, W; positive feeds the house, negative (battery inverters only) draws from it. */
  readonly acPowerW: Measured
  /** Energy given at the AC side since the inverter was made, Wh, whole. */
  readonly lifetimeEnergyWh: Measured
  /** Power at the DC side, W; `unsupported` where the inverter does not say. */
  readonly dcPowerW: Measured
  readonly state: Measured<InverterState>
  /** Empty where the inverter has no model 160 or it could not be read. */
  readonly dcInputs: readonly DcInput[]
}

export interface Inverter {
  /** Never rejects because of the device: whatever could not be read is missing. */
  read(signal: AbortSignal): Promise<InverterReading>
}

/** Registers wanted in one request: `input` is function 4, `holding` function 3; addresses from 0 as on the wire. */
export interface RegisterRequest {
  readonly unitId: number
  readonly kind: 'input' | 'holding'
  readonly at: number
  /** 1 to 125 */
  readonly count: number
}

/** Holding registers to write in one request, by function 16. */
export interface RegisterWrite {
  readonly unitId: number
  readonly at: number
  /** Each 0…65535; 1 to 123 of them. */
  readonly values: readonly number[]
}

/** Anything that goes over a line and has an answer. */
export type LineRequest = RegisterRequest | RegisterWrite

/** Asks devices for registers, whatever carries the frames. */
export interface RegisterReader {
  /** What a request costs here: what plans are made by. */
  readonly timing: LineTiming
  /**
   * The registers, each 0…65535, exactly `count` of them. Rejects with a Fault: `timeout` (silence), `transport`
   * (connection), `device` (Modbus exception, see `exceptionOf`), `protocol` (bad frame); `retryable` says whether the
   * same request can succeed later.
   */
  readRegisters(request: RegisterRequest, signal: AbortSignal): Promise<readonly number[]>
}

/** Changes what a device does. Nothing in this project writes to a device unless its operator has allowed it. */
export interface RegisterWriter {
  /** Resolves once the device has confirmed it; rejects as `readRegisters`. It may have been done all the same. */
  writeRegisters(write: RegisterWrite, signal: AbortSignal): Promise<void>
}

/** One line or socket shared by the devices behind it; opened by the first request, closed for good by `close`. */
export interface ModbusConnection extends RegisterReader, RegisterWriter {
  close(): Promise<void>
}

/** A device that may be told what to do. */
export interface Controls {
  /** Whether the device has a timer and takes set-points back by itself. Where not, whoever set one has to release it. */
  readonly hasTimer: boolean
  /**
   * Sets it for so many seconds, after which a device with a timer takes it back by itself, and reads back what it has
   * then; said again within that time it stands on. Rejects before anything is written with Fault `config` where the operator has not allowed it, with RangeError for figures out
   * of bounds, with Fault `device` where the device has no such set-point or is not set up for it. Where a write fails or
   * the device shows another value after, what was begun is taken back, and it rejects with the line's Fault or Fault
   * `device`, whose text says whether that came off and otherwise what stands.
   */
  set(setPoint: SetPoint, revertS: number, signal: AbortSignal): Promise<void>
  /** Lets the device do again what it does by itself. Rejects as `set`. */
  release(is: SetPoint['is'], signal: AbortSignal): Promise<void>
}

import { Fault, messageOf } from '@wattfleet/protocol'
import { SerialPort } from 'serialport'
import { stoppedFault } from '../core/faults.ts'
import type { SerialDefaults } from '../core/points.ts'
import type { ByteLine } from './rtu-link.ts'

export interface PortOptions extends SerialDefaults {
  /** Such as `/dev/ttyUSB0`. */
  readonly path: string
  /** Without it 8. */
  readonly dataBits?: 7 | 8
}

/** Opens a serial port for this program alone. */
export function openPort(
  { path, baudRate, parity, stopBits, dataBits = 8 }: PortOptions,
  signal: AbortSignal,
): Promise<ByteLine> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(stoppedFault(path))
    const port = new SerialPort({ path, baudRate, parity, stopBits, dataBits, lock: true, autoOpen: false })
    // an error is followed by 'close', or stands in the way of opening
    port.on('error', () => undefined)
    port.open((error) => {
      if (error)
        return reject(new Fault('transport', `${path}: ${messageOf(error)}`, { retryable: true, cause: error }))
      if (signal.aborted) {
        port.close(() => undefined)
        return reject(stoppedFault(path))
      }
      resolve({
        get alive() {
          return port.isOpen
        },
        // an adapter that was pulled out is noticed by a write
        write: (bytes) => written(path, (done) => port.write(Buffer.from(bytes), done)),
        listen(onBytes) {
          port.on('data', onBytes)
          port.once('close', () => onBytes(undefined))
        },
        destroy: () => port.isOpen && port.close(() => undefined),
      })
    })
  })
}

/** Resolves once a write was handed over. Rejects with Fault `transport`. */
export function written(name: string, write: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    write((error) => {
      if (error) reject(new Fault('transport', `${name}: ${messageOf(error)}`, { retryable: true, cause: error }))
      else resolve()
    })
  })
}

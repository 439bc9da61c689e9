import { Fault, messageOf } from '@wattfleet/protocol'
import { SerialPort } from 'serialport'
import type { WireOptions } from './listener.ts'
import { type LineSettings, paceOf, UNPACED } from './pace.ts'
import { RtuLine } from './rtu-line.ts'
import type { ServedDevice } from './served-device.ts'

export interface RtuSerialOptions extends WireOptions, LineSettings {
  /** A serial port, or an end of a pair of pseudo-terminals that somebody made. */
  readonly path: string
  readonly devices: readonly ServedDevice[]
  /** Whether bytes are paced here, as a pseudo-terminal needs; a real serial port paces them itself. */
  readonly paced: boolean
}

export interface SerialServer {
  readonly path: string
  close(): Promise<void>
}

/** Devices on a serial line. Rejects with Fault `transport` where the port cannot be opened. */
export async function serveRtuOnSerial(options: RtuSerialOptions): Promise<SerialServer> {
  const { path, baudRate, parity, stopBits, devices, clock, warn } = options
  const port = new SerialPort({ path, baudRate, parity, stopBits, dataBits: 8, lock: true, autoOpen: false })
  const over = new AbortController()
  // an error is followed by 'close', or stands in the way of opening
  port.on('error', () => undefined)
  await new Promise<void>((resolve, reject) => {
    port.open((error) => {
      if (error) reject(new Fault('transport', `${path}: ${messageOf(error)}`, { cause: error }))
      else resolve()
    })
  })
  const line = new RtuLine(devices, options.paced ? paceOf(options) : UNPACED, clock)
  const heard = line.connect({
    signal: over.signal,
    write: (bytes) => void (port.isOpen && port.write(Buffer.from(bytes))),
    hold: (isFull) => void (isFull ? port.pause() : port.resume()),
    reset: () => undefined,
    end: () => undefined,
  })
  port.on('data', heard.bytes)
  port.once('close', () => {
    if (!over.signal.aborted) warn({ path }, 'a serial line is gone; its devices are no longer served')
    over.abort()
  })
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        over.abort()
        if (!port.isOpen) resolve()
        else port.close(() => resolve())
      }),
  }
}

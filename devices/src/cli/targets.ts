import { Fault } from '@wattfleet/protocol'
import { type SerialDefaults, USUAL_SERIAL } from '../core/points.ts'
import type { SerialWish } from '../discovery/scan-plan.ts'
import type { LineTarget, SerialFrame } from '../discovery/target.ts'
import { wholeNumber } from './options.ts'

/** Modbus TCP's port (Modbus Messaging on TCP/IP 1.0b, 3.1.1). */
export const MODBUS_PORT = 502
/** Slower and faster than any meter's line. */
export const BAUDS = { least: 300, most: 921_600 } as const

const PARITIES: Readonly<Record<string, SerialFrame['parity']>> = { N: 'none', E: 'even', O: 'odd' }

/** Parity and stop bits such as `N1` or `8E1`. Throws Fault `config`. */
export function parseFrame(flag: string, text: string): SerialFrame {
  const [, letter = '', stop] = /^8?([NEO])([12])$/.exec(text.toUpperCase()) ?? []
  const parity = PARITIES[letter]
  if (parity === undefined) {
    throw new Fault('config', `${flag} ${text}: expected parity and stop bits such as N1, E1 or N2`)
  }
  return { parity, stopBits: stop === '2' ? 2 : 1 }
}

/** A host, and a port where one is given: `192.168.1.20:502`, `meter.local`, `[fe80::1]:502`. Throws Fault `config`. */
export function parseAddress(flag: string, text: string, usualPort?: number): { host: string; port: number } {
  const [, bracketed, bare, portText] = /^(?:\[([^\]]+)\]|([^:[\]/\s]+))(?::(\d+))?$/.exec(text) ?? []
  const host = bracketed ?? bare
  const needsPort = usualPort === undefined
  if (host === undefined || (portText === undefined && needsPort)) {
    throw new Fault('config', `${flag} ${text}: expected host${needsPort ? ':port' : '[:port]'}, IPv6 in brackets`)
  }
  return { host, port: portText === undefined ? Number(usualPort) : wholeNumber(flag, portText, 1, 65_535) }
}

/** A serial port, and its settings where they are given: `/dev/ttyUSB0:9600:N1`. Throws Fault `config`. */
export function parseSerial(text: string): SerialWish {
  const [path = '', baud, frame, ...rest] = text.split(':')
  if (path === '' || rest.length > 0) {
    throw new Fault('config', `--serial ${text}: expected path[:baud[:parity and stop bits]], /dev/ttyUSB0:9600:N1`)
  }
  return {
    path,
    ...(baud !== undefined && { baudRate: wholeNumber('--serial', baud, BAUDS.least, BAUDS.most) }),
    ...(frame !== undefined && { frame: parseFrame('--serial', frame) }),
  }
}

/** The flags of commands that ask one line. */
export const TARGET_FLAGS = {
  tcp: { type: 'string' },
  serial: { type: 'string' },
  'rtu-over-tcp': { type: 'string' },
} as const

interface TargetFlags {
  readonly tcp?: string | undefined
  readonly serial?: string | undefined
  readonly 'rtu-over-tcp'?: string | undefined
}

/**
 * The one line that the flags name. What a serial line's settings do not say is as the model leaves the factory, else 9600
 * 8N1. Throws Fault `config`.
 */
export function oneTarget(flags: TargetFlags, factory: SerialDefaults = USUAL_SERIAL): LineTarget {
  const { tcp, serial, 'rtu-over-tcp': rtuOverTcp } = flags
  if ([tcp, serial, rtuOverTcp].filter((one) => one !== undefined).length !== 1) {
    throw new Fault('config', 'name one line: --tcp host[:port], --serial path[:baud[:N1]] or --rtu-over-tcp host:port')
  }
  if (tcp !== undefined) return { via: 'tcp', ...parseAddress('--tcp', tcp, MODBUS_PORT) }
  if (serial === undefined) return { via: 'rtu-over-tcp', ...parseAddress('--rtu-over-tcp', rtuOverTcp ?? '') }
  const { path, baudRate = factory.baudRate, frame = factory } = parseSerial(serial)
  return { via: 'serial', path, baudRate, parity: frame.parity, stopBits: frame.stopBits }
}

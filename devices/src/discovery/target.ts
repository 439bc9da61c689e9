import type { SerialDefaults } from '../core/points.ts'

/** One line to ask devices on, and how. */
export type LineTarget =
  | { readonly via: 'tcp' | 'rtu-over-tcp'; readonly host: string; readonly port: number }
  | ({ readonly via: 'serial'; readonly path: string } & SerialDefaults)

/** Parity and stop bits as installers write them. */
export interface SerialFrame {
  readonly parity: SerialDefaults['parity']
  readonly stopBits: SerialDefaults['stopBits']
}

/** Such as `8N1`. */
export function frameText({ parity, stopBits }: SerialFrame): string {
  return `8${parity.slice(0, 1).toUpperCase()}${stopBits}`
}

/** A host and port, an IPv6 address in brackets. */
export function addressText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** What a line is called in messages: `192.168.1.20:502`, `/dev/ttyUSB0 9600 8N1`. */
export function targetText(target: LineTarget): string {
  if (target.via === 'serial') return `${target.path} ${target.baudRate} ${frameText(target)}`
  const address = addressText(target.host, target.port)
  return target.via === 'tcp' ? address : `${address} (RTU frames)`
}

/** The flags that name this line on the command line. */
export function targetFlags(target: LineTarget): string {
  if (target.via === 'serial') {
    return `--serial ${target.path}:${target.baudRate}:${frameText(target).slice(1)}`
  }
  return `--${target.via} ${addressText(target.host, target.port)}`
}

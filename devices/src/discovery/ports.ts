import type { RegisterReader } from '../ports.ts'
import type { LineTarget } from './target.ts'

/** How long answers are waited for, wall milliseconds. */
export interface LineTimes {
  readonly timeoutMs: number
  /** How late an answer on a line of RTU frames may still begin after it was given up. */
  readonly maxReplyDelayMs: number
}

/** A serial port of this computer. */
export interface PortInfo {
  readonly path: string
  /** Who made the adapter, where it says. */
  readonly maker?: string
}

/** Whether somebody accepts connections at an address. */
export type Knocked = { readonly isOpen: true } | { readonly isOpen: false; readonly why: string }

/** A line that can be read and nothing else: what is done here changes nothing at a device. */
export interface ReadLine extends RegisterReader {
  close(): Promise<void>
}

/** The lines that can be asked from here. */
export interface Lines {
  /** A line that asks again at once after a fault: somebody waits for the answer. Opened with its first request. */
  open(target: LineTarget, times: LineTimes): ReadLine
  /** Connects to an address, and closes the connection again. Never rejects. */
  knock(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<Knocked>
  /** The serial ports of this computer. Rejects with a Fault `transport` where they cannot be listed. */
  serialPorts(): Promise<readonly PortInfo[]>
}

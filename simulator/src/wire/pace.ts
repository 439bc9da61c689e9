import { characterMs, frameGapMs } from '@wattfleet/devices'

/** What a serial line is set to. */
export interface LineSettings {
  readonly baudRate: number
  readonly parity: 'none' | 'even' | 'odd'
  readonly stopBits: 1 | 2
}

/** What bytes take on a line, milliseconds. */
export interface Pace {
  readonly characterMs: number
  readonly gapMs: number
}

/** Bytes that are not paced: a network, or a real serial line, which paces them itself. */
export const UNPACED: Pace = { characterMs: 0, gapMs: 0 }

/** How often a USB adapter hands over what has come in: the latency timer of FTDI's chips as they leave the factory. */
const HANDED_OVER_MS = 16

/** The pace of a line (Modbus over Serial Line 1.02, 2.5.1 and 2.5.1.1). */
export function paceOf({ baudRate, parity, stopBits }: LineSettings): Pace {
  const oneMs = characterMs(baudRate, parity, stopBits)
  return { characterMs: oneMs, gapMs: frameGapMs(baudRate, oneMs) }
}

/** What a frame of so many bytes takes on the line, without the silence around it. */
export function frameMs(pace: Pace, bytes: number): number {
  return bytes * pace.characterMs
}

/**
 * When an answer begins. A request comes here all at once; on a line its last byte would come only now, not before the line
 * was free, and the device waits for the silence that ends the frame and for its own turnaround.
 */
export function answerAtMs(
  pace: Pace,
  request: { readonly arrivedMs: number; readonly bytes: number },
  lineFreeMs: number,
  turnaroundMs: number,
): number {
  return Math.max(request.arrivedMs, lineFreeMs) + frameMs(pace, request.bytes) + pace.gapMs + turnaroundMs
}

/** A part of a frame, and when its last byte is through. */
export interface Piece {
  readonly atMs: number
  readonly bytes: Uint8Array
}

/**
 * A frame in the pieces in which it arrives: as many bytes as have come through when the receiver's adapter hands over.
 * `everyMs` 0 hands over each byte by itself. A frame that takes no time is one piece.
 */
export function piecesOf(bytes: Uint8Array, startMs: number, characterMs: number, everyMs = HANDED_OVER_MS): Piece[] {
  if (bytes.length === 0) return []
  if (characterMs <= 0) return [{ atMs: startMs, bytes }]
  const most = Math.max(1, Math.floor(everyMs / characterMs))
  const pieces: Piece[] = []
  for (let from = 0; from < bytes.length; from += most) {
    const piece = bytes.subarray(from, from + most)
    pieces.push({ atMs: startMs + (from + piece.length) * characterMs, bytes: piece })
  }
  return pieces
}

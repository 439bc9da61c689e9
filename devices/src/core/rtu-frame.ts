import type { LineRequest } from '../ports.ts'
import { crcOf, crcTable } from './crc.ts'

/*
 * Modbus RTU on the wire (Modbus over Serial Line 1.02, 2.5.1; Modbus Application Protocol 1.1b3, 6.3 and 6.4):
 *   request:   unit 1 | function 1 | address 2 | count 2 | CRC 2, the CRC's low byte first
 *   answer:    unit 1 | function 1 | bytes 1 | registers 2 each | CRC 2
 *   write:     unit 1 | 16 1 | address 2 | count 2 | bytes 1 | registers 2 each | CRC 2, answered by its first six and a CRC
 *   exception: unit 1 | function + 0x80 1 | code 1 | CRC 2
 */

const FUNCTION = { holding: 3, input: 4 } as const
const WRITE = 16
const WRITTEN_BYTES = 8
/** A request for registers: unit, function, address, count, CRC. */
export const REQUEST_BYTES = 8
const EXCEPTION_BYTES = 5
/** Bytes of an answer beside its registers. */
const ANSWER_BYTES = 5

/** CRC-16 with polynomial 0xA001, from 0xFFFF (Modbus over Serial Line 1.02, 6.2.2). */
const CRC_TABLE = crcTable(0xa001)

export function crc16(bytes: Uint8Array): number {
  return crcOf(bytes, CRC_TABLE, 0xffff)
}

/** Bytes with their CRC behind them. */
export function withCrc(bytes: readonly number[]): Uint8Array {
  const crc = crc16(Uint8Array.from(bytes))
  return Uint8Array.from([...bytes, crc & 0xff, crc >> 8])
}

function endsWithCrc(frame: Uint8Array): boolean {
  const crc = crc16(frame.subarray(0, -2))
  return frame.at(-2) === (crc & 0xff) && frame.at(-1) === crc >> 8
}

export function encodeRequest(request: LineRequest): Uint8Array {
  const { unitId, at } = request
  if ('values' in request) {
    const { length } = request.values
    const registers = request.values.flatMap((value) => [value >> 8, value & 0xff])
    return withCrc([unitId, WRITE, at >> 8, at & 0xff, length >> 8, length & 0xff, 2 * length, ...registers])
  }
  const { kind, count } = request
  return withCrc([unitId, FUNCTION[kind], at >> 8, at & 0xff, count >> 8, count & 0xff])
}

/** Bytes that the answer to a request takes on the line, where it is no exception. */
export function answerBytes(request: LineRequest): number {
  return 'values' in request ? WRITTEN_BYTES : ANSWER_BYTES + 2 * request.count
}

/** What came so far in answer to a request. */
export type Answer =
  /** None in answer to a write. */
  | { readonly is: 'registers'; readonly registers: readonly number[]; readonly rest: number }
  | { readonly is: 'exception'; readonly code: number; readonly rest: number }
  /** Nothing wrong so far, but not all of it. */
  | { readonly is: 'incomplete' }
  /** As many bytes as an answer has, and none in them. */
  | { readonly is: 'broken'; readonly why: string }

/** Bytes that noise may leave on the line before an answer: a driver that switches its direction late leaves one or two. */
const MOST_NOISE = 4

function registersIn(frame: Uint8Array, count: number): number[] {
  return Array.from({ length: count }, (_, i) => ((frame[3 + 2 * i] ?? 0) << 8) | (frame[4 + 2 * i] ?? 0))
}

/** What an answer to a request says after unit and function; undefined where it says something else. */
function bodyFault(bytes: Uint8Array, request: LineRequest): string | undefined {
  if ('values' in request) {
    const confirmed = encodeRequest(request).subarray(2, 6)
    const isOther = confirmed.some((byte, i) => bytes[2 + i] !== undefined && bytes[2 + i] !== byte)
    return isOther ? 'a confirmation of other registers' : undefined
  }
  const length = 2 * request.count
  return bytes[2] === length ? undefined : `${bytes[2]} bytes of registers, not ${length}`
}

/** The answer that begins exactly here. */
function answerFrom(bytes: Uint8Array, request: LineRequest): Answer {
  const { unitId } = request
  const code = 'values' in request ? WRITE : FUNCTION[request.kind]
  const [unit, fn, third] = bytes
  if (unit === undefined || fn === undefined || third === undefined) return { is: 'incomplete' }
  if (unit !== unitId) return { is: 'broken', why: `an answer of unit ${unit}` }
  const isException = fn === (code | 0x80)
  if (!isException && fn !== code) return { is: 'broken', why: `an answer to function ${fn}` }
  const fault = isException ? undefined : bodyFault(bytes, request)
  if (fault !== undefined) return { is: 'broken', why: fault }
  const length = isException ? EXCEPTION_BYTES : answerBytes(request)
  if (bytes.length < length) return { is: 'incomplete' }
  const frame = bytes.subarray(0, length)
  if (!endsWithCrc(frame)) return { is: 'broken', why: 'an answer whose CRC is wrong' }
  const rest = bytes.length - length
  if (isException) return { is: 'exception', code: third, rest }
  return { is: 'registers', registers: 'values' in request ? [] : registersIn(frame, request.count), rest }
}

/**
 * The answer to a request in the bytes that have come since it was sent. Unit, function, length and CRC all have to be the
 * request's; an echo of the request before it (adapters that hear themselves) and up to four bytes of noise are passed over.
 */
export function answerIn(bytes: Uint8Array, request: LineRequest): Answer {
  const sent = encodeRequest(request)
  // no answer is a request's own bytes: it is of another length
  const isEcho = sent.every((byte, i) => bytes[i] === byte)
  const heard = isEcho ? bytes.subarray(sent.length) : bytes
  const first = answerFrom(heard, request)
  if (first.is !== 'broken') return first
  // what only looked like the beginning of an answer may be noise before it
  let waits = heard.length < EXCEPTION_BYTES || sent.every((byte, i) => i >= heard.length || heard[i] === byte)
  for (let skipped = 1; skipped <= MOST_NOISE && skipped < heard.length; skipped++) {
    const later = answerFrom(heard.subarray(skipped), request)
    if (later.is === 'registers' || later.is === 'exception') return later
    if (later.is === 'incomplete') waits = true
  }
  return waits ? { is: 'incomplete' } : first
}

import { crc16 } from '@wattfleet/devices'

/*
 * Requests in a stream of Modbus RTU bytes (Modbus over Serial Line 1.02, 2.5.1): unit 1 | PDU | CRC 2. On a line silence
 * ends a frame; over sockets and pseudo-terminals it cannot be seen, so lengths come from the functions, and the CRC decides.
 */

/** A request with its unit, without CRC. */
export interface RtuRequest {
  readonly unitId: number
  readonly pdu: Uint8Array
  /** On the line, with unit and CRC. */
  readonly bytes: number
}

export interface Found {
  readonly requests: readonly RtuRequest[]
  /** Bytes that may yet become a request. */
  readonly rest: Uint8Array
}

/** The longest frame (Modbus over Serial Line 1.02, 2.3). */
const LONGEST_FRAME = 256
/** Unit, function, CRC. */
const SHORTEST_FRAME = 4
/** Of functions 1 to 6: two fields of two bytes. */
const FIXED_FRAME = 8
/** Of functions 15 and 16 beside what they write: unit, function, address, count, bytes, CRC. */
const WRITE_FRAME = 9

/** How long the request is that begins here; undefined while that cannot be told, 0 for a function of unknown length. */
function lengthOf(bytes: Uint8Array): number | undefined {
  const code = bytes[1]
  if (code === undefined) return undefined
  if (code >= 1 && code <= 6) return FIXED_FRAME
  if (code !== 15 && code !== 16) return 0
  const written = bytes[6]
  return written === undefined ? undefined : WRITE_FRAME + written
}

function isFrame(bytes: Uint8Array): boolean {
  const crc = crc16(bytes.subarray(0, -2))
  return bytes.at(-2) === (crc & 0xff) && bytes.at(-1) === crc >> 8
}

/** The length of the frame that begins here: 0 where none does, undefined where more bytes are needed to say. */
function frameAt(bytes: Uint8Array): number | undefined {
  const length = lengthOf(bytes)
  if (length === undefined || (length > bytes.length && length <= LONGEST_FRAME)) return undefined
  if (length > 0) return length <= LONGEST_FRAME && isFrame(bytes.subarray(0, length)) ? length : 0
  for (let most = SHORTEST_FRAME; most <= Math.min(bytes.length, LONGEST_FRAME); most++) {
    if (isFrame(bytes.subarray(0, most))) return most
  }
  return bytes.length < LONGEST_FRAME ? undefined : 0
}

/** Whether a whole frame stands somewhere behind the first byte: then what is before it is noise. */
function laterFrame(bytes: Uint8Array): number {
  for (let from = 1; from + SHORTEST_FRAME <= bytes.length; from++) {
    const code = bytes[from + 1] ?? 0
    // only functions of known length: two bytes that fit are found by chance too often
    if (![1, 2, 3, 4, 5, 6, 15, 16].includes(code)) continue
    if (frameAt(bytes.subarray(from))) return from
  }
  return 0
}

/** The whole requests in these bytes. What has a wrong CRC is passed over, as a device does (2.5.1.2). */
export function requestsIn(bytes: Uint8Array): Found {
  const requests: RtuRequest[] = []
  let rest = bytes
  while (rest.length > 0) {
    const length = frameAt(rest)
    if (length !== undefined && length > 0) {
      const frame = rest.subarray(0, length)
      requests.push({ unitId: frame[0] ?? 0, pdu: frame.slice(1, -2), bytes: length })
      rest = rest.subarray(length)
      continue
    }
    const noise = laterFrame(rest)
    if (noise > 0) rest = rest.subarray(noise)
    else if (length === undefined) break
    else rest = rest.subarray(1)
  }
  return { requests, rest: rest.slice() }
}

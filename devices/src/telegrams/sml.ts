import { type Check, checkOf } from './sml-transport.ts'

/*
 * SML messages (BSI TR-03109-1, Anlage IV b, SML 1.04): a tree of type-length-value fields. The first byte of each says its
 * type in bits 4 to 6 and, in bit 7, that another length byte follows; lengths of values count their own length bytes,
 * those of lists count elements. A message is a list of six: transaction, group, abort on error, body, CRC, end. Its CRC is
 * over the first four, of the kind that the transport has.
 */

/** A number as it is on the line: makers err in its type, so its width is kept. */
export interface SmlNumber {
  readonly value: bigint
  readonly isSigned: boolean
  readonly octets: number
}

/** A field: bytes, a number, a truth, or a list of fields. */
export type Field = Uint8Array | SmlNumber | boolean | readonly Field[]

/** The published structures nest six deep. */
const MOST_DEPTH = 12
/** A list has some thirty values. */
const MOST_ELEMENTS = 512
const MESSAGE = 0x76

interface Place {
  at: number
}

const TYPE = { octets: 0, boolean: 4, integer: 5, unsigned: 6, list: 7 } as const
const ENDED = Symbol('end of message')

/** The field that begins here; undefined where there is none. */
function field(bytes: Uint8Array, place: Place, depth: number): Field | typeof ENDED | undefined {
  const first = bytes[place.at]
  if (first === undefined || depth > MOST_DEPTH) return undefined
  if (first === 0) {
    place.at++
    return ENDED
  }
  const type = (first >> 4) & 7
  let length = first & 0xf
  let more = (first & 0x80) !== 0
  let headers = 1
  for (place.at++; more; place.at++, headers++) {
    const byte = bytes[place.at]
    if (byte === undefined || headers > 4) return undefined
    length = length * 16 + (byte & 0xf)
    more = (byte & 0x80) !== 0
  }
  if (type === TYPE.list) return list(bytes, place, length, depth)
  const count = length - headers
  if (count < 0 || place.at + count > bytes.length) return undefined
  const octets = bytes.subarray(place.at, place.at + count)
  place.at += count
  return fieldOf(type, octets)
}

function list(bytes: Uint8Array, place: Place, length: number, depth: number): Field[] | undefined {
  if (length > MOST_ELEMENTS) return undefined
  const elements: Field[] = []
  for (let i = 0; i < length; i++) {
    const element = field(bytes, place, depth + 1)
    if (element === undefined) return undefined
    // an end inside a list closes the message that the list is: what follows it is the next one
    elements.push(element === ENDED ? new Uint8Array() : element)
  }
  return elements
}

function fieldOf(type: number, octets: Uint8Array): Field | undefined {
  const unsigned = octets.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  switch (type) {
    case TYPE.octets:
      return octets
    case TYPE.boolean:
      return octets.length === 1 ? octets[0] !== 0 : undefined
    case TYPE.integer:
    case TYPE.unsigned: {
      const isSigned = type === TYPE.integer
      if (octets.length < 1 || octets.length > 8) return undefined
      return {
        value: isSigned ? BigInt.asIntN(8 * octets.length, unsigned) : unsigned,
        isSigned,
        octets: octets.length,
      }
    }
    default:
      return undefined
  }
}

/** The body of the message that begins here; undefined where there is none, or its CRC is not what it should be. */
function message(bytes: Uint8Array, place: Place, check: Check): Field | undefined {
  const start = place.at
  if (bytes[place.at++] !== MESSAGE) return undefined
  for (let i = 0; i < 3; i++) if (!isField(field(bytes, place, 1))) return undefined
  const body = field(bytes, place, 1)
  const covered = bytes.subarray(start, place.at)
  const sent = field(bytes, place, 1)
  if (!isField(body) || !isField(sent)) return undefined
  // a CRC whose first byte is zero is sent in one byte by some (ISKRA's MT691): numbers may be shortened
  if (numberIn(sent)?.value !== BigInt(checkOf(check, covered))) return undefined
  return field(bytes, place, 1) === ENDED ? body : undefined
}

function isField(value: Field | typeof ENDED | undefined): value is Field {
  return value !== undefined && value !== ENDED
}

/**
 * The bodies of all messages of a telegram's content; undefined where it is no SML, or one of them has another CRC. Zeros
 * between messages are filling.
 */
export function bodiesIn(content: Uint8Array, check: Check): readonly Field[] | undefined {
  const place = { at: 0 }
  const bodies: Field[] = []
  while (place.at < content.length) {
    if (content[place.at] === 0) {
      place.at++
      continue
    }
    const body = message(content, place, check)
    if (body === undefined) return undefined
    bodies.push(body)
  }
  return bodies
}

export function listIn(value: Field | undefined): readonly Field[] | undefined {
  return Array.isArray(value) ? value : undefined
}

export function numberIn(value: Field | undefined): SmlNumber | undefined {
  return typeof value === 'object' && 'octets' in value ? value : undefined
}

export function bytesIn(value: Field | undefined): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined
}

/*
 * SML messages (BSI TR-03109-1, Anlage IV b, SML 1.04): a tree of type-length-value fields. The first byte of each says its
 * type in bits 4 to 6 and, in bit 7, that another length byte follows; lengths of values count their own length bytes,
 * those of lists count elements.
 */

/** A field: bytes, a number, a truth, or a list of fields. */
export type Field = Uint8Array | bigint | boolean | readonly Field[]

/** One value of a list that a meter pushes (SML_ListEntry). */
export interface Entry {
  /** OBIS code A-B:C.D.E, such as `1-0:1.8.0`. */
  readonly obis: string
  /** What the meter says of itself with this value: bits of its maker. */
  readonly status: bigint | undefined
  /** Code of IEC 62056-62, table of units: 27 W, 30 Wh. */
  readonly unit: number | undefined
  /** In the unit, its scaler applied. */
  readonly value: number | undefined
  /** Digits behind the decimal point: 10 to the power of the scaler is the value's step. */
  readonly scaler: number
  /** Of values that are bytes, such as a serial number. */
  readonly bytes: Uint8Array | undefined
}

/** The published structures nest six deep. */
const MOST_DEPTH = 12
/** A list has some thirty values. */
const MOST_ELEMENTS = 512
const GET_LIST_RESPONSE = 0x0701n

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
      return octets.length >= 1 && octets.length <= 8 ? BigInt.asIntN(8 * octets.length, unsigned) : undefined
    case TYPE.unsigned:
      return octets.length >= 1 && octets.length <= 8 ? unsigned : undefined
    default:
      return undefined
  }
}

/** All messages of a telegram's content; undefined where it is no SML. Zeros between messages are filling. */
export function messagesIn(content: Uint8Array): readonly Field[] | undefined {
  const place = { at: 0 }
  const messages: Field[] = []
  while (place.at < content.length) {
    const message = field(content, place, 0)
    if (message === undefined) return undefined
    if (message !== ENDED) messages.push(message)
  }
  return messages
}

function isList(value: Field | undefined): value is readonly Field[] {
  return Array.isArray(value)
}

function entryOf(value: Field): Entry | undefined {
  if (!isList(value) || value.length !== 7) return undefined
  const [name, status, , unit, scaler, figure] = value
  if (!(name instanceof Uint8Array) || name.length !== 6) return undefined
  const [a, b, c, d, e] = name
  const power = typeof scaler === 'bigint' ? Number(scaler) : 0
  const isNumber = typeof figure === 'bigint' && Math.abs(power) <= 20
  return {
    obis: `${a}-${b}:${c}.${d}.${e}`,
    status: typeof status === 'bigint' ? status : undefined,
    unit: typeof unit === 'bigint' ? Number(unit) : undefined,
    // dividing by a whole power is exact where multiplying by its inverse is not
    value: isNumber ? (power < 0 ? Number(figure) / 10 ** -power : Number(figure) * 10 ** power) : undefined,
    scaler: power,
    bytes: figure instanceof Uint8Array ? figure : undefined,
  }
}

/** The values of all lists in a telegram's content; undefined where it is no SML. */
export function entriesIn(content: Uint8Array): readonly Entry[] | undefined {
  return messagesIn(content)?.flatMap((message) => {
    const body = isList(message) ? message[3] : undefined
    if (!isList(body) || body[0] !== GET_LIST_RESPONSE) return []
    const values = isList(body[1]) ? body[1][4] : undefined
    return isList(values) ? values.flatMap((value) => entryOf(value) ?? []) : []
  })
}

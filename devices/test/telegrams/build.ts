import { type Check, checkOf } from '../../src/telegrams/sml-transport.ts'

/** Builds SML telegrams as meters push them. */

export interface Entry {
  /** C.D.E of `1-0:C.D.E*255`. */
  readonly code: string
  /** In counts of the last digit, or text. */
  readonly value: bigint | string
  readonly scaler?: number
  readonly unit?: number
  readonly status?: number
  readonly signed?: boolean
  /** Of the number; 8 where nothing else is said. */
  readonly bytes?: number
  /** Seconds of the meter, as a bare number: so Holley sends it. */
  readonly time?: number
}

export interface SmlOptions {
  readonly entries?: readonly Entry[]
  readonly serverId?: readonly number[]
  readonly maker?: string
  /** Of the transport and of the messages; X.25 without it. */
  readonly check?: Check
  readonly messageCheck?: Check
}

/** An identification by DIN 43863-5, such as `1DZG0042000000`: block and number as one. */
export const idOf = (maker: string, number: number) => [
  ...[0x0a, 0x01, ...[...maker].map((char) => char.charCodeAt(0)), 0],
  ...[24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff),
]
export const ISKRA_ID = [0x0a, 0x01, 0x49, 0x53, 0x4b, 0, 0x04, 0x7a, 0x55, 0x44]

const octets = (bytes: readonly number[]) =>
  bytes.length < 15
    ? [bytes.length + 1, ...bytes]
    : [0x80 | ((bytes.length + 2) >> 4), (bytes.length + 2) & 0x0f, ...bytes]
const text = (chars: string) => octets([...chars].map((char) => char.charCodeAt(0)))
const number = (value: bigint, bytes: number, signed: boolean) => {
  const bits = BigInt.asUintN(8 * bytes, value)
  const each = Array.from({ length: bytes }, (_, i) => Number((bits >> BigInt(8 * (bytes - 1 - i))) & 0xffn))
  return [(signed ? 0x50 : 0x60) + bytes + 1, ...each]
}

function entryBytes({ code, value, scaler, unit, status, signed = false, bytes = 8, time }: Entry): number[] {
  return [
    ...[0x77, 0x07, 1, 0, ...code.split('.').map(Number), 0xff],
    ...(status === undefined ? [0x01] : number(BigInt(status), 4, false)),
    ...(time === undefined ? [0x01] : number(BigInt(time), 4, false)),
    ...(unit === undefined ? [0x01] : [0x62, unit]),
    ...(scaler === undefined ? [0x01] : [0x52, scaler & 0xff]),
    ...(typeof value === 'string' ? text(value) : number(value, bytes, signed)),
    0x01,
  ]
}

/** A message with its CRC around the tag and content of its body; a CRC that begins with a zero is shortened to a byte. */
export function message(tag: number, content: readonly number[], check: Check = 'x25'): number[] {
  const covered = [0x76, 0x02, 0x31, 0x62, 0, 0x62, 0, 0x72, 0x63, tag >> 8, tag & 0xff, ...content]
  const sum = checkOf(check, Uint8Array.from(covered))
  return [...covered, ...number(BigInt(sum), sum < 256 ? 1 : 2, false), 0]
}

/** Messages in a transport: padded, escaped, with its CRC. */
export function transported(messages: readonly number[], check: Check = 'x25'): Uint8Array {
  const padding = (4 - (messages.length % 4)) % 4
  const escaped: number[] = []
  let run = 0
  for (const byte of [...messages, ...new Array<number>(padding).fill(0)]) {
    escaped.push(byte)
    run = byte === 0x1b ? run + 1 : 0
    if (run === 4) {
      escaped.push(0x1b, 0x1b, 0x1b, 0x1b)
      run = 0
    }
  }
  const covered = [0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1, ...escaped, 0x1b, 0x1b, 0x1b, 0x1b, 0x1a, padding]
  const sum = checkOf(check, Uint8Array.from(covered))
  return Uint8Array.from([...covered, sum >> 8, sum & 0xff])
}

/** The messages of a push file: open, list, close. */
export function pushMessages(options: SmlOptions = {}): number[] {
  const { entries = [], serverId = ISKRA_ID, maker = 'ISK', check = 'x25', messageCheck = check } = options
  const head = [0x77, 0x07, 1, 0, 0x60, 0x32, 1, 1, 1, 1, 1, 1, ...text(maker), 1]
  const count = entries.length + 1
  const list = [
    ...[0x77, 0x01, ...octets(serverId), 0x01, 0x72, 0x62, 0x01, 0x65, 0, 0, 0, 42],
    ...[...(count < 16 ? [0x70 + count] : [0xf0 + (count >> 4), count & 0x0f]), ...head],
    ...entries.flatMap(entryBytes),
    ...[0x01, 0x01],
  ]
  const open = [0x76, 0x01, 0x01, 0x02, 0x31, ...octets(serverId), 0x01, 0x01]
  return [
    ...message(0x0101, open, messageCheck),
    ...message(0x0701, list, messageCheck),
    ...message(0x0201, [0x71, 0x01], messageCheck),
  ]
}

export function smlTelegram(options: SmlOptions = {}): Uint8Array {
  return transported(pushMessages(options), options.check)
}

export const WH = 30
export const W = 27

import { crcOf, crcTable } from '../core/crc.ts'

/*
 * SML transport protocol version 1 (BSI TR-03109-1, Anlage IV b, SML 1.04, section 8), as meters push it through an infrared
 * head:
 *   start 1b1b1b1b 01010101 | content, in words of four bytes | end 1b1b1b1b 1a, fill bytes 1, CRC 2
 * 1b1b1b1b in the content is doubled. The CRC is over everything before it: CRC-16/X-25, its low byte first.
 */

const ESCAPE = 0x1b
const START = [0x1b, 0x1b, 0x1b, 0x1b, 0x01, 0x01, 0x01, 0x01]
const END = 0x1a
/** The longest telegrams of meters have some 700 bytes. */
export const MOST_TELEGRAM_BYTES = 8_192

const CRC_TABLE = crcTable(0x8408)

/** CRC-16/X-25 (ITU-T X.25, HDLC's frame check sequence). */
export function crcX25(bytes: Uint8Array): number {
  return crcOf(bytes, CRC_TABLE, 0xffff) ^ 0xffff
}

/**
 * `kermit`: CRC-16/KERMIT (from 0), its high byte first. So Holley's DTZ541 of some years check their telegrams, and the
 * messages in them (volkszaehler/libsml issue 75 and pull request 76 for messages, spacemanspiff2007/SmlLib issue 22 for
 * both, 2024).
 */
export type Check = 'x25' | 'kermit'

/** A check as the number that its bytes are on the line, the first one above. */
export function checkOf(check: Check, bytes: Uint8Array): number {
  if (check === 'kermit') return crcOf(bytes, CRC_TABLE, 0)
  const crc = crcX25(bytes)
  return ((crc & 0xff) << 8) | (crc >> 8)
}

/** What the bytes that came so far begin with. `next`: where to go on. */
export type Framed =
  | { readonly is: 'telegram'; readonly content: Uint8Array; readonly check: Check; readonly next: number }
  /** A telegram that is not whole, or whose CRC is wrong. */
  | { readonly is: 'broken'; readonly next: number }
  /** Everything before `next` is of no telegram. */
  | { readonly is: 'incomplete'; readonly next: number }

function isEscape(bytes: Uint8Array, at: number): boolean {
  return [0, 1, 2, 3].every((i) => bytes[at + i] === ESCAPE)
}

function startIn(bytes: Uint8Array, from: number): number {
  for (let at = from; at + START.length <= bytes.length; at++)
    if (START.every((byte, i) => bytes[at + i] === byte)) return at
  return -1
}

/** Where the next telegram begins after one: four escapes that are the second half of a doubled sequence begin none. */
function startAfter(bytes: Uint8Array, start: number): number {
  let next = startIn(bytes, start + 1)
  while (next >= 4 && isEscape(bytes, next - 4)) next = startIn(bytes, next + 1)
  return next
}

/** The first telegram in these bytes. */
export function telegramIn(bytes: Uint8Array): Framed {
  const start = startIn(bytes, 0)
  // what may be the beginning of a start stays
  if (start < 0) return { is: 'incomplete', next: Math.max(0, bytes.length - START.length + 1) }
  const framed = telegramFrom(bytes, start)
  if (framed.is === 'telegram') return framed
  // one that was cut short ends where the next begins, whatever its bytes seem to say
  const again = startAfter(bytes, start)
  return again < 0 ? framed : { is: 'broken', next: again }
}

function telegramFrom(bytes: Uint8Array, start: number): Framed {
  const content: number[] = []
  for (let at = start + START.length; at + 8 <= bytes.length; ) {
    if (at - start > MOST_TELEGRAM_BYTES) return { is: 'broken', next: at }
    if (!isEscape(bytes, at)) {
      content.push(...bytes.subarray(at, at + 4))
      at += 4
      continue
    }
    if (isEscape(bytes, at + 4)) {
      content.push(ESCAPE, ESCAPE, ESCAPE, ESCAPE)
      at += 8
      continue
    }
    const fill = bytes[at + 5] ?? 0
    if (bytes[at + 4] !== END || fill > 3 || fill > content.length) return { is: 'broken', next: at + 4 }
    const sent = ((bytes[at + 6] ?? 0) << 8) | (bytes[at + 7] ?? 0)
    const covered = bytes.subarray(start, at + 6)
    const check = (['x25', 'kermit'] as const).find((one) => checkOf(one, covered) === sent)
    if (check === undefined) return { is: 'broken', next: at + 8 }
    return { is: 'telegram', content: Uint8Array.from(content.slice(0, content.length - fill)), check, next: at + 8 }
  }
  return { is: 'incomplete', next: start }
}

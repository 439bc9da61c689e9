import type { Entry } from './sml-list.ts'

/*
 * Telegrams in readable text (IEC 62056-21, mode D: pushed without being asked), as older meters send them through an
 * infrared head:
 *   /ESY5Q3D... identification
 *   (empty line)
 *   1-0:1.8.0*255(00001234.5678901*kWh)
 *   !
 * Where STX begins the lines, CR LF ETX and a block check (BCC) follow the end: the exclusive or of all characters behind
 * STX, ETX with them, of seven bits (IEC 62056-21, as in modes A to C; ISO/IEC 1155).
 */

const LINE =
  /^(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\*\d{1,3})?\(([^()*]{0,64})(?:\*([A-Za-z]{1,4}))?\)$/
/** Units of the text, with the code of IEC 62056-62 and the power of ten to its base unit. */
const UNITS = new Map<string, readonly [unit: number, power: number]>([
  ['W', [27, 0]],
  ['kW', [27, 3]],
  ['Wh', [30, 0]],
  ['kWh', [30, 3]],
  ['V', [35, 0]],
  ['A', [33, 0]],
])
/** A telegram has some twenty lines. */
export const MOST_TEXT_BYTES = 4_096

function entryOf(line: string): Entry | undefined {
  const found = LINE.exec(line.trim())
  if (found === null) return undefined
  const [, a, b, c, d, e, text = '', unitName = ''] = found
  const [unit, power] = UNITS.get(unitName) ?? [undefined, 0]
  const isNumber = /^[+-]?\d+(\.\d+)?$/.test(text) && unit !== undefined
  const digits = text.includes('.') ? text.length - text.indexOf('.') - 1 : 0
  return {
    obis: `${a}-${b}:${c}.${d}.${e}`,
    status: undefined,
    unit,
    value: isNumber ? Number(`${text}e${power}`) : undefined,
    scaler: power - digits,
    bytes: isNumber ? undefined : new TextEncoder().encode(text),
  }
}

const [STX, ETX, SLASH, END, LF] = [0x02, 0x03, 0x2f, 0x21, 0x0a]
/** CR, LF, ETX and the block check behind the end. */
const TAIL_BYTES = 4

/** Whether the block check from STX is right that ends here. */
function isChecked(bytes: Uint8Array, stx: number, end: number): boolean {
  const isTail = bytes[end + 1] === 0x0d && bytes[end + 2] === LF && bytes[end + 3] === ETX
  const check = bytes.subarray(stx + 1, end + TAIL_BYTES).reduce((sum, byte) => sum ^ byte, 0)
  return isTail && ((check ^ (bytes[end + TAIL_BYTES] ?? 0)) & 0x7f) === 0
}

/** The first telegram in these bytes: from `/` to `!`, or to its block check. `next`: where to go on. */
export function textTelegramIn(
  bytes: Uint8Array,
):
  | { readonly is: 'telegram'; readonly entries: readonly Entry[]; readonly next: number }
  | { readonly is: 'broken' | 'incomplete'; readonly next: number } {
  const start = bytes.indexOf(SLASH)
  if (start < 0) return { is: 'incomplete', next: bytes.length }
  const end = bytes.indexOf(END, start)
  if (end < 0)
    return bytes.length - start > MOST_TEXT_BYTES
      ? { is: 'broken', next: start + 1 }
      : { is: 'incomplete', next: start }
  const again = bytes.lastIndexOf(SLASH, end)
  // the identification begins a line; one inside means that the telegram before it was cut short
  const from = again > start && bytes[again - 1] === LF ? again : start
  const stx = from + bytes.subarray(from, end).indexOf(STX)
  const isGuarded = stx >= from
  if (isGuarded && bytes.length <= end + TAIL_BYTES) return { is: 'incomplete', next: start }
  if (isGuarded && !isChecked(bytes, stx, end)) return { is: 'broken', next: end + 1 }
  const next = end + 1 + (isGuarded ? TAIL_BYTES : 0)
  const lines = new TextDecoder('ascii').decode(bytes.subarray(isGuarded ? stx + 1 : from, end)).split('\n')
  const entries = lines.flatMap((line) => entryOf(line) ?? [])
  return entries.length === 0 ? { is: 'broken', next } : { is: 'telegram', entries, next }
}

import type { Entry } from './sml-list.ts'

/*
 * Telegrams in readable text (IEC 62056-21, mode D: pushed without being asked), as older meters send them through an
 * infrared head:
 *   /ESY5Q3D... identification
 *   (empty line)
 *   1-0:1.8.0*255(00001234.5678901*kWh)
 *   !
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

/** The first telegram in these bytes: from `/` to `!`. `next`: where to go on. */
export function textTelegramIn(
  bytes: Uint8Array,
):
  | { readonly is: 'telegram'; readonly entries: readonly Entry[]; readonly next: number }
  | { readonly is: 'broken' | 'incomplete'; readonly next: number } {
  const start = bytes.indexOf(0x2f)
  if (start < 0) return { is: 'incomplete', next: bytes.length }
  const end = bytes.indexOf(0x21, start)
  if (end < 0)
    return bytes.length - start > MOST_TEXT_BYTES
      ? { is: 'broken', next: start + 1 }
      : { is: 'incomplete', next: start }
  const again = bytes.lastIndexOf(0x2f, end)
  // the identification begins a line; one inside means that the telegram before it was cut short
  const from = again > start && bytes[again - 1] === 0x0a ? again : start
  const lines = new TextDecoder('ascii').decode(bytes.subarray(from, end)).split('\n')
  const entries = lines.flatMap((line) => entryOf(line) ?? [])
  return entries.length === 0 ? { is: 'broken', next: end + 1 } : { is: 'telegram', entries, next: end + 1 }
}

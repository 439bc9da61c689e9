import type { Screen } from './ports.ts'

/** What is between two columns. */
const GAP = '  '
/** A last column that is cut to less says nothing any more: then the line is left to wrap. */
const LEAST_LAST = 12

/** `decimal` puts the points of numbers below each other; texts in such a column stay left. */
export type Align = 'left' | 'decimal'

const isNumber = (text: string) => /^-?\d+(\.\d+)?$/.test(text)

/** Places of a number behind its point, the point included. */
function fraction(text: string): number {
  const at = text.indexOf('.')
  return at < 0 ? 0 : text.length - at
}

function aligned(cells: readonly string[], align: Align): string[] {
  if (align === 'left') return [...cells]
  const numbers = cells.filter(isNumber)
  const places = Math.max(0, ...numbers.map(fraction))
  const width = places + Math.max(0, ...numbers.map((text) => text.length - fraction(text)))
  return cells.map((cell) => (isNumber(cell) ? (cell + ' '.repeat(places - fraction(cell))).padStart(width) : cell))
}

/** Cut to a width, with a sign that something is missing. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

/**
 * Rows below a heading with aligned columns, without columns that are empty throughout. On a terminal the last column is
 * cut to its width.
 */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  aligns: readonly Align[],
  { isTTY, columns }: Screen,
): string[] {
  const made = head.flatMap((title, i) => {
    const cells = rows.map((row) => row[i] ?? '')
    if (cells.every((cell) => cell === '')) return []
    const all = [title, ...aligned(cells, aligns[i] ?? 'left')]
    const width = Math.max(...all.map((cell) => cell.length))
    return [{ width, cells: all.map((cell) => cell.padEnd(width)) }]
  })
  const before = made.slice(0, -1).reduce((sum, { width }) => sum + width + GAP.length, 0)
  const room = isTTY && columns !== undefined ? columns - before : Number.POSITIVE_INFINITY
  return [head, ...rows].map((_, row) => {
    const cells = made.map(({ cells: all }) => all[row] ?? '')
    const last = (cells.pop() ?? '').trimEnd()
    return [...cells, room < LEAST_LAST ? last : cut(last, room)].join(GAP).trimEnd()
  })
}

/** A time as people say it: `40 s`, `3 min`, `1 h 20 min`. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 100) return `${seconds} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** One document for programs. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

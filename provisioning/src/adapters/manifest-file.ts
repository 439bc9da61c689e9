import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { Fault, messageOf } from '@wattfleet/protocol'
import { CsvError, parse } from 'csv-parse/sync'
import type { ManifestLine } from '../core/manifest.ts'
import { parseYamlManifest } from './manifest-yaml.ts'

/** A manifest of 100,000 sites takes about 15 MB. */
export const MAX_MANIFEST_BYTES = 16 * 1024 * 1024
const UTF8_BOM = '\ufeff'
const CR = 0x0d
const LF = 0x0a

/**
 * Reads a manifest as lines, the first one the header: YAML where the file's name ends so, else CSV (RFC 4180). Throws Fault
 * `config` when it cannot be read or is neither, naming the line.
 */
export function readManifest(path: string): ManifestLine[] {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new Fault('config', `${path}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
  return manifestOf(bytes, path)
}

/** The same for what was read; `source` is what faults name, and its ending says what it is. */
export function manifestOf(bytes: Buffer, source: string): ManifestLine[] {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new Fault('config', `${source}: is longer than ${MAX_MANIFEST_BYTES} bytes`)
  }
  const text = textOf(bytes, source)
  const isYaml = ['.yaml', '.yml'].includes(extname(source).toLowerCase())
  return isYaml ? parseYamlManifest(text, source) : parseManifest(text, source)
}

/** UTF-8; what a spreadsheet saves in another encoding is refused with its line, before it becomes a wrong name. */
function textOf(bytes: Buffer, source: string): string {
  const fault = (line: number, what: string) =>
    new Fault('config', `${source}:${line}: ${what}: save the list as "CSV UTF-8"`)
  const start = bytes.subarray(0, 2).toString('hex')
  if (start === 'fffe' || start === 'feff') throw fault(1, 'begins with the byte-order mark of UTF-16')
  // of UTF-16 without a mark every other byte of plain letters is zero
  const lineAt = (offset: number) => bytes.subarray(0, offset).filter((byte) => byte === LF).length + 1
  const zero = bytes.indexOf(0)
  if (zero >= 0) throw fault(lineAt(zero), 'holds a zero byte, as UTF-16 does')
  if (!isUtf8(bytes)) throw fault(lineAt(firstForeign(bytes)), 'is not UTF-8')
  const text = bytes.toString('utf8')
  const mark = text.indexOf(UTF8_BOM, 1)
  if (mark > 0) {
    const line = text.slice(0, mark).split('\n').length
    throw new Fault('config', `${source}:${line}: a byte-order mark inside the list: were two lists joined?`)
  }
  return text.replace(UTF8_BOM, '')
}

/** Where the first line begins that is not UTF-8. */
function firstForeign(bytes: Buffer): number {
  let at = 0
  while (at < bytes.length) {
    const end = bytes.indexOf(LF, at)
    const next = end < 0 ? bytes.length : end + 1
    if (!isUtf8(bytes.subarray(at, next))) return at
    at = next
  }
  return at
}

/** A CSV text as lines; `source` is what faults name. */
export function parseManifest(text: string, source: string): ManifestLine[] {
  // Columns are checked later, so that a row with too few or too many is named like any other mistake.
  const options = { info: true, relax_column_count: true, skip_empty_lines: true } as const
  const bytes = Buffer.from(text, 'utf8')
  try {
    const records = parse(bytes, options) as unknown as { info: { bytes: number }; record: string[] }[]
    const lineAt = lineCounter(bytes)
    // the parser tells where a row ends, in bytes; it begins where the one before ended
    return records.map(({ record }, at) => ({ line: lineAt(records[at - 1]?.info.bytes ?? 0), fields: record }))
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const place = error as { readonly lines?: number; readonly bytes?: number }
    const isOpen = error.code === 'CSV_QUOTE_NOT_CLOSED'
    // of a quote that does not end: behind the last field that is whole
    const line = isOpen ? lineCounter(bytes)(place.bytes ?? 0) : (place.lines ?? 1)
    const message = isOpen ? 'a quote is opened and not closed' : error.message
    throw new Fault('config', `${source}:${line}: ${message}`, { cause: error })
  }
}

/** The line on which the first letter at or after an offset stands; offsets only go forward. */
function lineCounter(bytes: Buffer): (offset: number) => number {
  let line = 1
  let at = 0
  return (offset) => {
    while (at < bytes.length && (at < offset || bytes[at] === CR || bytes[at] === LF)) {
      // CR LF is one line's end, and so is either alone
      if (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] !== LF)) line++
      at++
    }
    return line
  }
}

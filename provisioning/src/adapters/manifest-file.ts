import { readFileSync } from 'node:fs'
import { Fault, messageOf } from '@wattfleet/protocol'
import { CsvError, parse } from 'csv-parse/sync'
import type { ManifestLine } from '../core/manifest.ts'

/** A manifest of 100,000 sites takes about 15 MB. */
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024

/** Reads a CSV file (RFC 4180) as lines. Throws Fault `config` when it cannot be read or is not CSV, naming the line. */
export function readManifest(path: string): ManifestLine[] {
  let text: Buffer
  try {
    text = readFileSync(path)
  } catch (error) {
    throw new Fault('config', `${path}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
  if (text.length > MAX_MANIFEST_BYTES) throw new Fault('config', `${path}: is longer than ${MAX_MANIFEST_BYTES} bytes`)
  return parseManifest(textOf(text, path), path)
}

/** UTF-8; what a spreadsheet saves in another encoding is refused with its line, before it becomes a wrong name. */
function textOf(bytes: Buffer, path: string): string {
  const isUtf8 = (part: Uint8Array) => Buffer.from(part.toString()).equals(part)
  if (isUtf8(bytes)) return bytes.toString('utf8')
  let line = 1
  for (let at = 0; at < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, at)
    const part = bytes.subarray(at, end < 0 ? bytes.length : end)
    if (!isUtf8(part)) break
    at = end < 0 ? bytes.length : end + 1
  }
  throw new Fault('config', `${path}:${line}: is not UTF-8: save the list as "CSV UTF-8"`)
}

/** The same for a text; `source` is what faults name. */
export function parseManifest(text: string, source: string): ManifestLine[] {
  // Columns are checked later, so that a row with too few or too many is named like any other mistake.
  const options = { bom: true, info: true, relax_column_count: true, skip_empty_lines: true } as const
  try {
    const records = parse(text, options) as unknown as { info: { lines: number }; record: string[] }[]
    return records.map(({ info, record }) => ({ line: info.lines, fields: record }))
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new Fault('config', `${source}:${error.lines ?? '?'}: ${error.message}`, { cause: error })
  }
}

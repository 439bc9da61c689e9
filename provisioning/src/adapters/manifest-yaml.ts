import { Fault } from '@wattfleet/protocol'
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import type { ManifestLine } from '../core/manifest.ts'

/** Parsed into nodes it takes some fifty times as much memory; 20,000 sites are about 5 MB. */
const MAX_YAML_LENGTH = 8 * 1024 * 1024

/**
 * A YAML text, a list of mappings or `gateways:` with one, as the lines of a manifest: the header is every key that occurs.
 * Values are taken as they are written, so that a serial of digits stays what it is. Throws Fault `config` naming every
 * line that is not such.
 */
export function parseYamlManifest(text: string, source: string): ManifestLine[] {
  if (text.length > MAX_YAML_LENGTH)
    throw new Fault('config', `${source}: is longer than ${MAX_YAML_LENGTH} characters`)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' })
  const lineOf = (offset = 0) => Math.max(1, lines.linePos(offset).line)
  const faults: string[] = document.errors.map(({ pos, message }) => `${source}:${lineOf(pos[0])}: ${message}`)
  if (faults.length > 0) throw new Fault('config', faults.join('\n'))

  const root = document.contents
  const list = isMap(root) && root.items.length === 1 && root.has('gateways') ? root.get('gateways', true) : root
  if (root === null) return []
  if (!isSeq(list)) throw new Fault('config', `${source}:1: expected a list of gateways`)
  const columns = new Map<string, number>()
  const rows: { readonly line: number; readonly values: ReadonlyMap<string, string> }[] = []
  for (const item of list.items as Node[]) {
    const line = lineOf(item?.range?.[0])
    if (isMap(item)) rows.push({ line, values: valuesOf(item as YAMLMap<Node, Node>, columns, lineOf, refuse) })
    else refuse(line, 'expected a gateway with its fields')
  }
  if (faults.length > 0) throw new Fault('config', faults.join('\n'))
  const names = [...columns.keys()]
  const header = { line: rows[0]?.line ?? 1, fields: names, fieldLines: [...columns.values()] }
  return [header, ...rows.map(({ line, values }) => ({ line, fields: names.map((name) => values.get(name) ?? '') }))]

  function refuse(line: number, what: string): void {
    faults.push(`${source}:${line}: ${what}`)
  }
}

/** The fields of one gateway; `columns` learns the names that are new, with their line. */
function valuesOf(
  map: YAMLMap<Node, Node | null>,
  columns: Map<string, number>,
  lineOf: (offset?: number) => number,
  refuse: (line: number, what: string) => void,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const { key, value } of map.items) {
    const line = lineOf(key?.range?.[0])
    const name = written(key)
    const said = value === null ? '' : written(value)
    // aliases too: what a row says stands in it
    if (name === undefined || said === undefined) refuse(line, 'expected a name and a text or a number')
    else {
      values.set(name, said)
      if (!columns.has(name)) columns.set(name, line)
    }
  }
  return values
}

/** A scalar's text as the file has it, unquoted; empty where it says nothing. */
function written(node: Node | null | undefined): string | undefined {
  if (!isScalar(node)) return undefined
  if (node.value === null) return ''
  return node.source ?? String(node.value)
}

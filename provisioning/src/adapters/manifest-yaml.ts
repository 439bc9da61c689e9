import { Fault } from '@wattfleet/protocol'
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import type { ManifestLine, RowError } from '../core/manifest.ts'
import { columnOf } from '../core/manifest-columns.ts'

/** Parsed into nodes it takes some fifty times as much memory; 20,000 sites are about 5 MB. */
const MAX_YAML_LENGTH = 8 * 1024 * 1024

/**
 * A YAML text, a list of mappings or `gateways:` with one, as the lines of a manifest: the header is every key that occurs.
 * Values are taken as they are written, so that a serial of digits stays what it is. An entry that is no such mapping comes
 * with its faults, so that the others are checked too. Throws Fault `config` where there is no list of anything.
 */
export function parseYamlManifest(text: string, source: string): ManifestLine[] {
  if (text.length > MAX_YAML_LENGTH)
    throw new Fault('config', `${source}: is longer than ${MAX_YAML_LENGTH} characters`)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' })
  const lineOf = (offset = 0) => Math.max(1, lines.linePos(offset).line)
  const mistakes = document.errors.map(({ pos, message }) => `${source}:${lineOf(pos[0])}: ${message}`)
  if (mistakes.length > 0) throw new Fault('config', mistakes.join('\n'))

  const root = document.contents
  const list = isMap(root) && root.items.length === 1 && root.has('gateways') ? root.get('gateways', true) : root
  if (!isSeq(list) || list.items.length === 0) throw new Fault('config', `${source}:1: expected a list of gateways`)
  const columns = new Map<string, number>()
  const entries = (list.items as Node[]).map((item) => {
    const line = lineOf(item?.range?.[0])
    if (isMap(item)) return { line, ...valuesOf(item as YAMLMap<Node, Node>, columns, lineOf) }
    return { line, values: new Map<string, string>(), faults: [{ line, reason: 'expected a gateway with its fields' }] }
  })
  const names = [...columns.keys()]
  return [
    { line: entries[0]?.line ?? 1, fields: names, fieldLines: [...columns.values()] },
    ...entries.map(({ line, values, faults }) => {
      const fields = names.map((name) => values.get(name) ?? '')
      return { line, fields, ...(faults.length > 0 && { faults }) }
    }),
  ]
}

/** The fields of one gateway, and what cannot be one; `columns` learns the names that are new, with their line. */
function valuesOf(
  map: YAMLMap<Node, Node | null>,
  columns: Map<string, number>,
  lineOf: (offset?: number) => number,
): { readonly values: ReadonlyMap<string, string>; readonly faults: readonly RowError[] } {
  const values = new Map<string, string>()
  const faults: RowError[] = []
  for (const { key, value } of map.items) {
    const line = lineOf(key?.range?.[0])
    const given = written(key)
    const said = value === null ? '' : written(value)
    // each gateway may call a field by either of its names
    const name = given === undefined ? undefined : (columnOf(given) ?? given)
    // aliases too: what a row says stands in it
    if (name === undefined || said === undefined) {
      faults.push({ line, reason: 'expected a name and a text or a number' })
    } else if (values.has(name)) {
      faults.push({ line, reason: `field ${name} is given twice` })
    }
    if (name === undefined) continue
    values.set(name, said ?? '')
    if (!columns.has(name)) columns.set(name, line)
  }
  return { values, faults }
}

/** A scalar's text as the file has it, unquoted; empty where it says nothing. */
function written(node: Node | null | undefined): string | undefined {
  if (!isScalar(node)) return undefined
  if (node.value === null) return ''
  return node.source ?? String(node.value)
}

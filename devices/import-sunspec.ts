/*
 * Makes models/sunspec/<id>.json from the SunSpec Alliance's own files (github.com/sunspec/models, json/model_<id>.json,
 * Apache License 2.0):
 *   node import-sunspec.ts <folder with model_<id>.json>
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The models that meters, inverters and batteries of households list. */
const MODELS = [
  ...[1, 101, 102, 103, 111, 112, 113, 120, 121, 122, 123, 124, 160, 201, 202, 203, 204, 211, 212, 213, 214],
  ...[701, 702, 703, 704, 705, 706, 707, 708, 709, 710, 711, 712, 713, 714, 802],
]

interface TheirPoint {
  readonly name: string
  readonly type: string
  readonly size: number
  readonly units?: string
  readonly sf?: string | number
  readonly access?: string
  readonly symbols?: readonly { readonly name: string; readonly value: number }[]
}
interface TheirGroup {
  readonly name: string
  readonly label?: string
  readonly count?: string | number
  readonly points?: readonly TheirPoint[]
  readonly groups?: readonly TheirGroup[]
}

/** Not read: filling, and addresses of a network that nobody asks an inverter for. */
const LEFT_OUT = ['pad', 'ipv6addr', 'eui48']

function ours(group: TheirGroup): object {
  let at = 0
  const points: Record<string, object> = {}
  for (const { name, type, size, units, sf, access, symbols } of group.points ?? []) {
    if (!LEFT_OUT.includes(type)) {
      points[name] = {
        ...{ at, type, ...(type === 'string' && { words: size }), ...(units && { unit: units }) },
        ...(sf !== undefined && { sf }),
        ...(symbols?.length && { symbols: Object.fromEntries(symbols.map((one) => [one.value, one.name])) }),
        ...(access === 'RW' && { writable: true }),
      }
    }
    at += size
  }
  const groups = (group.groups ?? []).map(ours)
  return {
    ...{ name: group.name, ...(group.count !== undefined && { count: group.count }) },
    ...{ length: at, points, ...(groups.length && { groups }) },
  }
}

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: node import-sunspec.ts <folder with model_<id>.json>')
for (const id of MODELS) {
  const { group } = JSON.parse(readFileSync(join(folder, `model_${id}.json`), 'utf8')) as { group: TheirGroup }
  const model = {
    $schema: '../../schema/sunspec-model.schema.json',
    id,
    label: group.label ?? group.name,
    ...ours(group),
  }
  // one point on a line
  const text = JSON.stringify(model, undefined, 2).replace(
    /\{\n\s+([^{}]*?)\n\s+\}/g,
    (_, inner: string) => `{ ${inner.replace(/\n\s+/g, ' ')} }`,
  )
  writeFileSync(new URL(`models/sunspec/${id}.json`, import.meta.url), `${text}\n`)
}

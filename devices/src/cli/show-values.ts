import { targetText } from '../discovery/target.ts'
import { type Device, deviceText, type Shown } from './device.ts'
import type { Screen } from './ports.ts'
import { valueJson, valueLines, valuesLine } from './values.ts'

/** A moment to the second, UTC. */
export function timeText(atMs: number): string {
  return new Date(atMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
}

function groupLines({ listed, values }: Shown['groups'][number], screen: Screen): string[] {
  if (listed === undefined) return valueLines(values, screen)
  const { id, at, length } = listed.at
  const where = `at ${at}, ${length} registers`
  if (listed.model === undefined) return [`model ${id}, ${where}: not among the published models known here`]
  const lines = [`model ${id}, ${listed.model.label}, ${where}`]
  const there = values.filter(({ measured }) => measured.quality !== 'missing' || measured.reason !== 'not-available')
  if (there.length > 0) lines.push(...valueLines(there, screen))
  const rest = values.length - there.length
  if (rest > 0) lines.push(`${rest} ${rest === 1 ? 'point' : 'points'} without a value`)
  return lines
}

/** What was read, for people: a heading, then the points. Points of SunSpec models that have no value are only counted. */
export function shownLines(device: Device, { atMs, groups }: Shown, screen: Screen): string[] {
  const parts = groups.flatMap((group) => ['', ...groupLines(group, screen)])
  return [`${deviceText(device)}, ${timeText(atMs)}`, ...parts]
}

/** What was read, on one line. Points of SunSpec models bear their model's number; those without a value are left out. */
export function shownLine({ atMs, groups, fault }: Shown): string {
  const values = groups.flatMap(({ listed, values: all }) => {
    if (listed === undefined) return all
    const there = all.filter(({ measured }) => measured.quality !== 'missing')
    return there.map((value) => ({ ...value, name: `${listed.at.id}.${value.name}` }))
  })
  const text = values.length === 0 ? `nothing read: ${fault?.message ?? 'no such points'}` : valuesLine(values)
  return `${timeText(atMs)}  ${text}`
}

/** What was read, for programs. */
export function shownJson({ target, unitId, model }: Device, { atMs, groups, fault }: Shown) {
  const head = {
    at: new Date(atMs).toISOString(),
    line: { name: targetText(target), ...target },
    unit: unitId,
    model: model?.id ?? 'sunspec',
    ...(fault !== undefined && { fault: { code: fault.code, message: fault.message } }),
  }
  if (model !== undefined) return { ...head, points: groups.flatMap(({ values }) => values.map(valueJson)) }
  const models = groups.flatMap(({ listed, values }) =>
    listed === undefined
      ? []
      : [{ ...listed.at, ...(listed.model && { label: listed.model.label }), points: values.map(valueJson) }],
  )
  return { ...head, models }
}

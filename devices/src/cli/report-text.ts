import { Fault } from '@wattfleet/protocol'
import type { Find } from '../discovery/alike.ts'
import { askedText, cameText } from '../discovery/evidence.ts'
import { MOST_IDENTIFY_MS, type SunSpecFound } from '../discovery/identify.ts'
import { alikeBest, type Ranked } from '../discovery/rank.ts'
import type { ScanEvent } from '../discovery/scan.ts'
import { MOST_AT_ONCE, type ScanPlan } from '../discovery/scan-plan.ts'
import { type LineTarget, targetText } from '../discovery/target.ts'
import type { PointValue } from '../value-reader.ts'
import { adviceFor } from './advice.ts'
import type { Cli, Output, Screen } from './ports.ts'
import { fitting, isTold, modelFor, numbersText, type Reporter, readCommandFor } from './report.ts'
import { cut, durationText, tableLines } from './table.ts'
import { valuesLine, valueText } from './values.ts'

/** Models shown of those that fit: what comes after is hardly it. */
const MOST_FITS = 5
/** Where progress is not drawn over itself, addresses are counted in such steps. */
const ADDRESSES_STEP = 256
/** Clears the line that the cursor is in. */
const CLEAR = '\r\x1b[2K'

/** Key quantities that are what they can be, in short: `230.1/229.7/231.3 V, 49.98 Hz`. */
function plausibleText(values: readonly PointValue[]): string {
  const units = [...new Set(values.map(({ point }) => point.unit ?? ''))]
  return units
    .map(
      (unit) =>
        `${values
          .filter(({ point }) => (point.unit ?? '') === unit)
          .map(valueText)
          .join('/')} ${unit}`,
    )
    .join(', ')
}

function whyFits({ marks, plausible, implausible, unread, exceptions }: Ranked): string {
  const held = marks.map(({ point, got, is }) => (is === 'unread' ? `${point} not given` : `${point} is ${got}`))
  return [
    ...held,
    plausibleText(plausible),
    implausible.length > 0 && `not plausible: ${valuesLine(implausible)}`,
    unread.length > 0 && `not given: ${unread.join(', ')}`,
    exceptions > 0 && `${exceptions} ${exceptions === 1 ? 'point' : 'points'} refused`,
    marks.length + plausible.length + implausible.length + unread.length === 0 && 'answers, nothing to judge it by',
  ]
    .filter(Boolean)
    .join('; ')
}

function sunSpecText({ base, maker, model, version, serial, models }: SunSpecFound): string {
  const name = [maker, model].filter(Boolean).join(' ')
  const facts = [
    name,
    serial && `serial ${serial}`,
    version && `version ${version}`,
    models.length > 0 ? `models ${models.map(({ id }) => id).join(', ')}` : 'the list of models cannot be read',
  ]
  return `"SunS" at ${base}: ${facts.filter(Boolean).join('; ')}`
}

/** What is told of one find. */
export function findLines(find: Find, screen: Screen): string[] {
  const { target, units, evidence, sunSpec, ranked, untried } = find
  const label = (name: string, text: string) => `  ${name.padEnd(9)}${text}`
  const lines = [`${targetText(target)} unit${units.length > 1 ? 's' : ''} ${numbersText(units)}`]
  if (units.length > 1)
    lines.push(label('', 'they answer alike: one device that takes any unit id, or several of a kind'))
  const proof = evidence.find(({ came }) => came.is !== 'nothing')
  if (proof !== undefined) lines.push(label('answered', `${askedText(proof.asked)}: ${cameText(proof.came)}`))
  if (sunSpec !== undefined) lines.push(label('SunSpec', sunSpecText(sunSpec)))
  const fits = fitting(ranked)
  if (fits.length > 0) {
    const rows = fits.slice(0, MOST_FITS).map((one) => [one.modelId, one.fit, whyFits(one)])
    const table = tableLines(['MODEL', 'FIT', 'BECAUSE'], rows, [], screen).slice(1)
    lines.push(...table.map((line, i) => label(i === 0 ? 'fits' : '', line)))
    if (fits.length > MOST_FITS) lines.push(label('', `${fits.length - MOST_FITS} more fit less`))
  } else if (sunSpec === undefined) {
    lines.push(label('fits', 'no model that ships: write one (docs/devices.md) and try it with --model file.json'))
  }
  const alike = alikeBest(ranked).map(({ modelId }) => modelId)
  if (alike.length > 1 && modelFor(find) === alike[0]) {
    lines.push(label('', `nothing tells ${alike.join(', ')} apart: go by the label on the device`))
  }
  if (untried.length > 0) lines.push(label('', `too slow to try them all: ${untried.join(', ')} left out`))
  const read = readCommandFor(find)
  if (read !== undefined) lines.push(label('read it', read))
  return lines
}

function planLines({ serial, network, serialMs, knockMs, openMs }: ScanPlan): string[] {
  const lines: string[] = []
  const units = numbersText((serial[0] ?? network[0])?.units ?? [])
  const paths = [...new Set(serial.map(({ target }) => (target.via === 'serial' ? target.path : '')))]
  if (serial.length > 0) {
    const settings = `${serial.length} ${serial.length === 1 ? 'setting' : 'settings'}`
    lines.push(`${paths.join(', ')}: ${settings}, units ${units}: at most ${durationText(serialMs)}`)
  }
  if (network.length > 0) {
    const addresses = network.length === 1 ? '1 address' : `${network.length} addresses, ${MOST_AT_ONCE} at a time`
    const each = `at most ${durationText(openMs)} for each that accepts a connection (units ${units})`
    lines.push(`${addresses}: at most ${durationText(knockMs)}, and ${each}`)
  }
  lines.push(
    `a device that is found takes up to ${durationText(MOST_IDENTIFY_MS)} more; Ctrl-C ends with what was found`,
  )
  return lines
}

/** What went on beside the finds, told at the end: by line, the units that it is true of. */
function noteLines(told: readonly ScanEvent[]): string[] {
  const unitsOf = (is: 'noise' | 'unreached') => {
    const byLine = new Map<string, number[]>()
    for (const event of told) {
      if (event.is !== is) continue
      const line = targetText(event.target)
      byLine.set(line, [...new Set([...(byLine.get(line) ?? []), event.unitId])])
    }
    return [...byLine].map(([line, units]) => `${line} unit${units.length > 1 ? 's' : ''} ${numbersText(units)}`)
  }
  return [
    ...unitsOf('unreached').map((which) => `${which}: not reached, says a gateway`),
    ...unitsOf('noise').map(
      (which) => `${which}: something came that is no answer: other settings, two devices with one unit id, a bad line`,
    ),
  ]
}

function eventLine(event: ScanEvent): string | undefined {
  switch (event.is) {
    case 'closed': {
      const advice = adviceFor(new Fault('transport', event.why), event.target, 0)
      return `${event.why}${advice && `: ${advice}`}`
    }
    case 'silent':
      return `${targetText(event.target)} accepts connections and answers none of the units asked`
    case 'skipped':
      return `${event.path}: ${event.settings} other settings not tried, since a device was found (--thorough tries them)`
    default:
      return undefined
  }
}

/** Progress in one line that is drawn over itself on a terminal; elsewhere now and then a line. */
function progress(err: Output, { serial, network }: ScanPlan) {
  let isDrawn = false
  let setting = 0
  let addresses = 0
  const draw = (text: string) => {
    err.write(`${CLEAR}${cut(text, (err.columns ?? 80) - 1)}`)
    isDrawn = true
  }
  const clear = () => {
    if (isDrawn) err.write(CLEAR)
    isDrawn = false
  }
  const asking = (target: LineTarget, unitId: number | undefined) => {
    const isNew = unitId === undefined
    if (target.via !== 'serial') {
      if (isNew) addresses++
      const text = `address ${addresses} of ${network.length}: ${targetText(target)}`
      if (err.isTTY) draw(`${text}${isNew ? '' : ` unit ${unitId}`}`)
      else if (isNew && addresses % ADDRESSES_STEP === 0) err.write(`${text}\n`)
      return
    }
    if (isNew) setting = 1 + serial.findIndex((step) => step.target === target)
    const text = `setting ${setting} of ${serial.length}: ${targetText(target)}`
    if (err.isTTY) draw(`${text}${isNew ? '' : ` unit ${unitId}`}`)
    else if (isNew) err.write(`${text}\n`)
  }
  return { asking, clear }
}

/** Finds on standard output as they come, the plan, progress and everything else on standard error. */
export function textReporter({ out, err }: Pick<Cli, 'out' | 'err'>, named: readonly LineTarget[]): Reporter {
  const told: ScanEvent[] = []
  let shown: ReturnType<typeof progress> | undefined
  return {
    plan(plan) {
      err.write(`${planLines(plan).join('\n')}\n`)
      shown = progress(err, plan)
    },
    event(event) {
      if (event.is === 'asking') return shown?.asking(event.target, event.unitId)
      if (!isTold(event, named)) return
      if (event.is === 'noise' || event.is === 'unreached') told.push(event)
      const line = eventLine(event)
      if (event.is !== 'found' && line === undefined) return
      shown?.clear()
      if (event.is === 'found') out.write(`\n${findLines(event.find, out).join('\n')}\n`)
      else err.write(`${line}\n`)
    },
    end(finds, isInterrupted) {
      shown?.clear()
      for (const line of noteLines(told)) err.write(`${line}\n`)
      const what = finds.length === 0 ? 'nothing found' : `${finds.length} found`
      err.write(`\n${what}${isInterrupted ? ', interrupted before the end' : ''}\n`)
    },
  }
}

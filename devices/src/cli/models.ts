import { Fault, messageOf } from '@wattfleet/protocol'
import { type Control, type DeviceModel, type Point, wordsOf } from '../core/points.ts'
import { frameText } from '../discovery/target.ts'
import { modelIds, shippedModel } from '../models/load.ts'
import { parseFlags } from './options.ts'
import { OTHERS_TEXT, showOther } from './other-models.ts'
import { type Cli, type Command, EXIT } from './ports.ts'
import { type Align, jsonText, tableLines } from './table.ts'

const USAGE = `wattfleet-devices models [<id>] [--json]

The device models that ship; with an id the one model's points: addresses as on the wire (from 0), types, units, OBIS codes.
\`sunspec\` lists the models of SunSpec that are known.
`

const hexText = (at: number) => `0x${at.toString(16).padStart(4, '0')}`

function typeText({ as, words, wordOrder, bytesSwapped }: Point): string {
  const size = as === 'string' ? `string of ${2 * wordsOf({ as, ...(words && { words }) })} bytes` : as
  return [size, wordOrder === 'last' && 'low word first', bytesSwapped && 'bytes swapped'].filter(Boolean).join(', ')
}

const meanings = (names: Readonly<Record<number, string>>, before: string) =>
  Object.entries(names)
    .map(([code, name]) => `${before}${code} ${name}`)
    .join(', ')

function pointNotes({ scaleFactor, positive, states, bits }: Point): string {
  return [
    positive && `positive is ${positive}`,
    scaleFactor && `times ten to the power of ${scaleFactor}`,
    states && meanings(states, ''),
    bits && meanings(bits, 'bit '),
  ]
    .filter(Boolean)
    .join('; ')
}

/** Such as `needs storageControl 4; commandTimeout = timer, chargeLimit = percent of maximumChargePower`. */
function controlText({ requires = [], writes }: Control): string {
  const needs = requires.map(({ point, oneOf }) => `needs ${point} ${oneOf.join(' or ')}`)
  const said = writes.map(({ point, to, of }) => {
    const part = of === undefined ? '' : to === 'percent' ? ` of ${of}` : ` % of ${of}`
    return `${point} = ${to}${part}`
  })
  return [...needs, said.join(', ')].join('; ')
}

const HEAD = ['POINT', 'ADDRESS', 'HEX', 'FUNCTION', 'TYPE', 'SCALE', 'UNIT', 'OBIS', 'NOTE']
const ALIGNS: readonly Align[] = ['left', 'decimal', 'left', 'left', 'left', 'decimal', 'left', 'left', 'left']

function oneModel(model: DeviceModel, { out }: Cli): void {
  const { maker, name, category, sources, notes = [], kind, unitId, serial, maxRegisters, marks } = model
  const line = (label: string, text: string) => out.write(`${label.padEnd(10)}${text}\n`)
  out.write(`${maker} ${name} (${model.id})\n\n`)
  line('category', category)
  line('factory', `unit ${unitId}${serial ? `, ${serial.baudRate} ${frameText(serial)}` : ''}`)
  line('requests', `at most ${maxRegisters} registers, gaps between points ${model.holes}`)
  for (const { point, oneOf } of marks) line('known by', `${point} = ${oneOf.join(' or ')}`)
  for (const [control, spec] of Object.entries(model.controls ?? {})) {
    line('can do', `${control}, where the operator allows it: ${controlText(spec)}`)
  }
  for (const source of sources) line('source', source)
  for (const note of notes) line('note', note)
  const rows = Object.entries(model.points)
    .sort(([, a], [, b]) => a.at - b.at)
    .map(([point, spec]) => [
      ...[point, String(spec.at), hexText(spec.at), (spec.kind ?? kind) === 'input' ? '4' : '3', typeText(spec)],
      ...[spec.scale === undefined ? '' : String(spec.scale), spec.unit ?? '', spec.obis ?? '', pointNotes(spec)],
    ])
  out.write(`\n${tableLines(HEAD, rows, ALIGNS, out).join('\n')}\n`)
}

/** A model for programs: what its file says, raw bits as hex. */
function modelJson(model: DeviceModel) {
  const points = Object.entries(model.points).map(([name, { notAvailable, ...point }]) => ({
    ...{ name, ...point, kind: point.kind ?? model.kind },
    ...(notAvailable && { notAvailable: notAvailable.map((bits) => `0x${bits.toString(16)}`) }),
  }))
  return { ...model, points }
}

function sourceText({ sources: [first = '', ...rest] }: DeviceModel): string {
  return rest.length === 0 ? first : `${first}; ${rest.length} more`
}

function allModels(isJson: boolean, { out, err }: Cli): number {
  const faults: string[] = []
  const models = modelIds().flatMap((id) => {
    try {
      return shippedModel(id)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      faults.push(messageOf(error))
      return []
    }
  })
  if (isJson) {
    const rows = models.map(({ id, maker, name, category, sources }) => ({ id, maker, name, category, sources }))
    out.write(jsonText({ models: rows }))
  } else {
    const rows = models.map((model) => [model.id, model.maker, model.name, model.category, sourceText(model)])
    out.write(`${tableLines(['ID', 'MAKER', 'NAME', 'CATEGORY', 'SOURCE'], rows, [], out).join('\n')}\n${OTHERS_TEXT}`)
  }
  for (const fault of faults) err.write(`${fault}\n`)
  return faults.length === 0 ? EXIT.ok : EXIT.nothing
}

export const modelsCommand: Command = {
  summary: 'the device models that ship',
  usage: USAGE,
  async run(args, cli) {
    const { values, positionals } = parseFlags(args, { json: { type: 'boolean', default: false } })
    const [id, ...rest] = positionals
    if (rest.length > 0) throw new Fault('config', 'one model at a time')
    if (id === undefined) return allModels(values.json, cli)
    if (showOther(id, values.json, cli)) return EXIT.ok
    const model = shippedModel(id)
    if (values.json) cli.out.write(jsonText(modelJson(model)))
    else oneModel(model, cli)
    return EXIT.ok
  },
}

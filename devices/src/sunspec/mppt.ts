import { decodeNumber, decodeText } from '../core/decode.ts'
import { MOST_REGISTERS, type Span } from '../core/plan.ts'
import { type PointTable, pointOf, wordsOf } from '../core/points.ts'
import { type Answers, counterWh, measured } from '../core/readings.ts'
import type { DcInput } from '../ports.ts'
import { layOut, type ModelAt } from './model.ts'
import { knownSunSpec } from './models.ts'

/** The models that list direct-current inputs: what they call one, how many there are, and the energy that came of it. */
const LISTS = {
  160: { group: 'module', count: 'N', energy: 'DCWH' },
  714: { group: 'Prt', count: 'NPrt', energy: 'DCWhInj' },
} as const
type ListId = keyof typeof LISTS

/** No inverter of a household has more; a longer list is read so far. */
const MOST_INPUTS = 16

/** A model's direct-current inputs, as many as it has room for. */
export interface Inputs {
  readonly id: ListId
  readonly at: number
  readonly most: number
  readonly table: PointTable
  /** The fixed part with as many inputs as one request holds (five of 160, four of 714), then the others one by one. */
  readonly spans: readonly Span[]
  /** The scale factors again, where there are others. */
  readonly factors: readonly Span[]
}

/** Undefined for a model that lists no inputs. */
export function inputsOf({ id, at, length }: ModelAt): Inputs | undefined {
  if (!isList(id)) return undefined
  const model = knownSunSpec(id)
  const each = model.groups?.[0]?.length ?? 0
  const room = (registers: number) => Math.max(0, Math.floor((registers - model.length) / each))
  const most = Math.min(room(length + 2), MOST_INPUTS)
  const near = Math.min(most, room(MOST_REGISTERS))
  const words = (inputs: number) => model.length + inputs * each
  const table = layOut(model, words(most) - 2, () => most)
  const far = Array.from({ length: most - near }, (_, i) => ({ at: at + words(near + i), count: each }))
  return {
    ...{ id, at, most, table },
    spans: [{ at, count: words(near) }, ...far],
    factors: far.length === 0 ? [] : factorsOf(table, id, at),
  }
}

function isList(id: number): id is ListId {
  return Object.hasOwn(LISTS, id)
}

function factorsOf(table: PointTable, id: ListId, base: number): Span[] {
  const { group, energy } = LISTS[id]
  const names = new Set(['DCW', energy].flatMap((name) => table[`${group}1.${name}`]?.scaleFactor ?? []))
  return [...names].map((name) => {
    const point = pointOf(table, name)
    return { at: base + point.at, count: wordsOf(point) }
  })
}

/** The inputs that were read; none where they were not. A point says how many there are, the model's length how many fit. */
export function decodeInputs({ id, at, most, table }: Inputs, answers: Answers): DcInput[] {
  const { blocks } = answers
  const list = LISTS[id]
  const count = decodeNumber(table, list.count, blocks, at)
  if (!count.ok) return []
  return Array.from({ length: Math.min(count.value, most) }, (_, i) => {
    const point = (name: string) => `${list.group}${i + 1}.${name}`
    const name = decodeText(table, point('IDStr'), blocks, at)
    const value = (of: string) => measured(table, point(of), answers, at)
    return {
      name: name.ok ? name.value : `input ${i + 1}`,
      powerW: value('DCW'),
      energyWh: counterWh(value(list.energy), 'Wh'),
    }
  })
}

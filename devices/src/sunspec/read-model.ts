import { decodeNumber } from '../core/decode.ts'
import type { Block } from '../core/image.ts'
import { MOST_REGISTERS, type Span } from '../core/plan.ts'
import { missing } from '../core/readings.ts'
import { readWanted, type Steady } from '../point-reader.ts'
import type { RegisterReader } from '../ports.ts'
import { type PointValue, pointValue } from '../value-reader.ts'
import { layOut, type ModelAt, type SunSpecModel } from './model.ts'
import { sunSpecModel } from './models.ts'

/** The longest published models, curves with many points, stay below this; more is a broken list. */
const MOST_MODEL_REGISTERS = 2_000

/** One model of a device: what it shows where the model is a published one, its place and length where not. */
export interface ModelReading {
  readonly at: ModelAt
  readonly model?: SunSpecModel
  readonly values: readonly PointValue[]
}

/** The blocks that follow each other as one: a long model's points may lie over the seam of two answers. */
function joined(blocks: readonly Block[]): Block[] {
  const whole: Block[] = []
  for (const block of blocks) {
    const last = whole.at(-1)
    if (last !== undefined && last.at + last.registers.length === block.at) {
      whole[whole.length - 1] = { ...last, registers: [...last.registers, ...block.registers] }
    } else whole.push(block)
  }
  return whole
}

/** Scale factors of a model that takes several requests: they are read before and after its values. */
function factorsOf(model: SunSpecModel, { at }: ModelAt, words: number): Span[] {
  const factors = Object.values(model.points).filter((point) => point.type === 'sunssf' && point.at < words)
  return words <= MOST_REGISTERS ? [] : factors.map((point) => ({ at: at + point.at, count: 1 }))
}

/** Points that say nothing to a reader: the id and length of the model, powers of ten, what fills up. */
function isValue(model: SunSpecModel, name: string): boolean {
  const bare = name.slice(name.lastIndexOf('.') + 1)
  if (name === 'ID' || name === 'L' || /^Pad\d*$/i.test(bare)) return false
  const types = [model, ...(model.groups ?? []).flatMap((group) => [group, ...(group.groups ?? [])])]
  return !types.some(({ points }) => points[bare]?.type === 'sunssf')
}

/**
 * Reads one model of a SunSpec device. Never rejects because of the device. In a model longer than one request (125
 * registers) values whose scale factors change while they are read are missing as `changing`.
 */
export async function readSunSpecModel(
  reader: RegisterReader,
  unitId: number,
  at: ModelAt,
  clock: Steady,
  signal: AbortSignal,
): Promise<ModelReading> {
  const model = sunSpecModel(at.id)
  if (model === undefined) return { at, values: [] }
  const words = Math.min(at.length + 2, MOST_MODEL_REGISTERS)
  const spans: Span[] = []
  for (let from = 0; from < words; from += MOST_REGISTERS) {
    spans.push({ at: at.at + from, count: Math.min(MOST_REGISTERS, words - from) })
  }
  const limits = { maxRegisters: MOST_REGISTERS, holes: 'rejected' } as const
  const source = { reader, unitId, kind: 'holding', ...limits, cuts: new Set<number>(), clock } as const
  const wanted = { spans, factors: factorsOf(model, at, words) }
  const { blocks: read, unread, isSteady } = await readWanted(source, wanted, signal)
  const blocks = joined(read)
  const fixed = layOut(model, words - 2, () => 0)
  const countOf = (point: string) => {
    if (fixed[point] === undefined) return undefined
    const count = decodeNumber(fixed, point, blocks, at.at)
    return count.ok ? count.value : undefined
  }
  const table = layOut(model, words - 2, countOf)
  const doneMs = clock.steadyMs()
  const names = Object.keys(table).filter((name) => isValue(model, name))
  return {
    at,
    model,
    values: names.map((name) => {
      const value = pointValue(table, name, { blocks, unread, doneMs }, at.at)
      const isMixed = !isSteady && value.measured.quality !== 'missing' && value.point.scaleFactor !== undefined
      return isMixed ? { ...value, measured: missing(unread ?? 'changing', doneMs) } : value
    }),
  }
}

import { decodeNumber, decodeText } from '../core/decode.ts'
import type { Block } from '../core/image.ts'
import { MOST_REGISTERS } from '../core/plan.ts'
import type { PointTable } from '../core/points.ts'
import { counterWh, measured } from '../core/readings.ts'
import type { DcInput, MissingReason } from '../ports.ts'
import { layOut, type ModelAt } from './model.ts'
import { knownSunSpec } from './models.ts'

/** Model 160's direct-current inputs, as many as one request holds together with the scale factors before them: five. */
export interface Inputs {
  readonly at: number
  /** Registers from the model's id on. */
  readonly words: number
  readonly most: number
  readonly table: PointTable
}

export function inputsOf({ at, length }: ModelAt): Inputs {
  const model = knownSunSpec(160)
  const each = model.groups?.[0]?.length ?? 0
  const listed = Math.floor((length + 2 - model.length) / each)
  const most = Math.max(0, Math.min(listed, Math.floor((MOST_REGISTERS - model.length) / each)))
  const words = model.length + most * each
  return { at, words, most, table: layOut(model, words - 2, () => undefined) }
}

/** The inputs that were read; none where they were not. N says how many there are, the model's length how many fit. */
export function decodeInputs(
  { at, most, table }: Inputs,
  blocks: readonly Block[],
  atMs: number,
  unread?: MissingReason,
): DcInput[] {
  const count = decodeNumber(table, 'N', blocks, at)
  if (!count.ok) return []
  return Array.from({ length: Math.min(count.value, most) }, (_, i) => {
    const point = (name: string) => `module${i + 1}.${name}`
    const name = decodeText(table, point('IDStr'), blocks, at)
    const value = (of: string) => measured(decodeNumber(table, point(of), blocks, at), atMs, unread)
    return {
      name: name.ok ? name.value : `input ${i + 1}`,
      powerW: value('DCW'),
      energyWh: counterWh(value('DCWH'), 'Wh'),
    }
  })
}

import { decodeNumber, decodeText } from '../core/decode.ts'
import type { Block } from '../core/image.ts'
import { MOST_REGISTERS } from '../core/plan.ts'
import { counterWh, measured } from '../core/readings.ts'
import { MPPT_HEAD, MPPT_HEAD_WORDS, MPPT_INPUT, MPPT_INPUT_WORDS } from '../models/sunspec.ts'
import type { DcInput } from '../ports.ts'
import type { ModelAt } from './walk.ts'

/** Inputs that fit one request together with the head, whose scale factors they need: five. More are not read. */
const MOST_INPUTS = Math.floor((MOST_REGISTERS - MPPT_HEAD_WORDS) / MPPT_INPUT_WORDS)

/** How many inputs of a model 160 are read, and the registers that takes, head included. */
export function inputsInOneRequest({ length }: ModelAt): { readonly inputs: number; readonly words: number } {
  const listed = Math.floor((length + 2 - MPPT_HEAD_WORDS) / MPPT_INPUT_WORDS)
  const inputs = Math.min(listed, MOST_INPUTS)
  return { inputs, words: MPPT_HEAD_WORDS + inputs * MPPT_INPUT_WORDS }
}

/** The inputs of a model 160 that was read; none where it was not. N says how many there are, the length how many fit. */
export function decodeInputs(mppt: ModelAt, blocks: readonly Block[], atMs: number): DcInput[] {
  const count = decodeNumber(MPPT_HEAD, 'N', blocks, mppt.at)
  if (!count.ok) return []
  const factors = { table: MPPT_HEAD, base: mppt.at }
  return Array.from({ length: Math.min(count.value, inputsInOneRequest(mppt).inputs) }, (_, i) => {
    const at = mppt.at + MPPT_HEAD_WORDS + i * MPPT_INPUT_WORDS
    const name = decodeText(MPPT_INPUT, 'IDStr', blocks, at)
    const value = (point: 'DCW' | 'DCWH') => measured(decodeNumber(MPPT_INPUT, point, blocks, at, factors), atMs)
    return {
      name: name.ok ? name.value : `input ${i + 1}`,
      powerW: value('DCW'),
      energyWh: counterWh(value('DCWH'), 'Wh'),
    }
  })
}

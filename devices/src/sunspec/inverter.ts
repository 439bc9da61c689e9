import type { Clock } from '@wattfleet/protocol'
import { decodeNumber } from '../core/decode.ts'
import { missingReasonOf } from '../core/faults.ts'
import { type Block, wordsAt } from '../core/image.ts'
import { MOST_REGISTERS, type Span } from '../core/plan.ts'
import { counterWh, good, mapMeasured, measured, missing } from '../core/readings.ts'
import { INVERTER_MODELS, MPPT_HEAD_WORDS } from '../models/sunspec.ts'
import { readSpans, type Source } from '../point-reader.ts'
import {
  INVERTER_STATES,
  type Inverter,
  type InverterReading,
  type Measured,
  type MissingReason,
  type RegisterReader,
} from '../ports.ts'
import { decodeInputs, inputsInOneRequest } from './mppt.ts'
import { type ModelAt, walkModels } from './walk.ts'

/** The models of one device that a reading needs. */
interface Layout {
  readonly inverter: ModelAt
  readonly mppt: ModelAt | undefined
}

/**
 * A SunSpec inverter: models 101 to 103 or 111 to 113, and 160 where it has one. Where its models are is found at the
 * first reading and again when they are no longer there (a device may come back with other firmware).
 */
export function sunSpecInverter(connection: RegisterReader, unitId: number, clock: Clock): Inverter {
  let known: Layout | undefined
  const source: Source = { reader: connection, unitId, kind: 'holding' }
  return {
    async read(signal) {
      try {
        known ??= layoutOf(await walkModels(connection, unitId, signal))
      } catch (error) {
        return nothingRead(missingReasonOf(error), clock.nowMs())
      }
      if (known === undefined) return nothingRead('unsupported', clock.nowMs())
      const { blocks, unread } = await readSpans(
        source,
        spansOf(known),
        { maxRegisters: MOST_REGISTERS, maxHole: 0 },
        signal,
      )
      const atMs = clock.nowMs()
      const found = known
      const there = stillThere(found, blocks)
      if (unread === 'exception' || !there) known = undefined
      if (!there) return nothingRead('malformed', atMs)
      return readingOf(found, blocks, unread, atMs)
    },
  }
}

/** Undefined where the device lists no inverter model of the published length. */
function layoutOf(models: readonly ModelAt[]): Layout | undefined {
  const inverter = models.find(
    ({ id, length }) => INVERTER_MODELS[id] !== undefined && length >= INVERTER_MODELS[id].length,
  )
  const mppt = models.find(({ id, length }) => id === 160 && length + 2 >= MPPT_HEAD_WORDS)
  return inverter && { inverter, mppt }
}

/** A model's values and their scale factors always come from one answer. */
function spansOf({ inverter, mppt }: Layout): Span[] {
  const spans = [{ at: inverter.at, count: 2 + (INVERTER_MODELS[inverter.id]?.length ?? 0) }]
  if (mppt !== undefined) spans.push({ at: mppt.at, count: inputsInOneRequest(mppt).words })
  return spans
}

/** Whether the blocks begin with the ids and lengths that the walk found. What was not read is not contradicted. */
function stillThere({ inverter, mppt }: Layout, blocks: readonly Block[]): boolean {
  return [inverter, mppt].every((model) => {
    const words = model && wordsAt(blocks, model.at, 2)
    return model === undefined || words === undefined || (words[0] === model.id && words[1] === model.length)
  })
}

function readingOf(
  { inverter, mppt }: Layout,
  blocks: readonly Block[],
  unread: MissingReason | undefined,
  atMs: number,
): InverterReading {
  const table = INVERTER_MODELS[inverter.id]?.table ?? {}
  const value = (name: string): Measured => measured(decodeNumber(table, name, blocks, inverter.at), atMs, unread)
  return {
    atMs,
    acPowerW: value('W'),
    lifetimeEnergyWh: counterWh(value('WH'), 'Wh'),
    dcPowerW: value('DCW'),
    state: mapMeasured(value('St'), (code) => {
      const state = INVERTER_STATES[code - 1]
      return state === undefined ? missing('implausible', atMs) : good(state, atMs)
    }),
    dcInputs: mppt === undefined ? [] : decodeInputs(mppt, blocks, atMs),
  }
}

function nothingRead(reason: MissingReason, atMs: number): InverterReading {
  const nothing = missing(reason, atMs)
  return {
    atMs,
    acPowerW: nothing,
    lifetimeEnergyWh: nothing,
    dcPowerW: nothing,
    state: nothing,
    dcInputs: [],
  }
}

import type { Clock } from '@wattfleet/protocol'
import { decodeNumber, pointOf } from './core/decode.ts'
import { missingReasonOf } from './core/faults.ts'
import type { Block } from './core/image.ts'
import { type PlanLimits, planReads, type Span } from './core/plan.ts'
import { type DeviceModel, type PointTable, wordsOf } from './core/points.ts'
import { measured } from './core/readings.ts'
import type { Measured, MissingReason, RegisterReader } from './ports.ts'

/** Which device behind a connection, and how its registers are read. */
export interface Source {
  readonly reader: RegisterReader
  readonly unitId: number
  readonly kind: 'input' | 'holding'
}

/** What a plan's requests gave: the blocks that came, and the first reason why others did not. */
export interface ReadResult {
  readonly blocks: readonly Block[]
  readonly unread: MissingReason | undefined
}

/**
 * Reads these registers in few requests. A request that fails leaves its values missing; after silence or a lost
 * connection the rest is not asked, because it would only wait for the same.
 */
export async function readSpans(
  source: Source,
  spans: readonly Span[],
  limits: PlanLimits,
  signal: AbortSignal,
): Promise<ReadResult> {
  const blocks: Block[] = []
  let unread: MissingReason | undefined
  for (const { at, count } of planReads(spans, limits)) {
    try {
      const { reader, unitId, kind } = source
      blocks.push({ at, registers: await reader.readRegisters({ unitId, kind, at, count }, signal) })
    } catch (error) {
      unread ??= missingReasonOf(error)
      if (unread !== 'exception') break
    }
  }
  return { blocks, unread }
}

/**
 * The values of these points of a device, each good or missing with its reason, in the units of the model. Never rejects
 * because of the device.
 */
export async function readPoints<Table extends PointTable, Name extends keyof Table & string>(
  connection: RegisterReader,
  unitId: number,
  model: DeviceModel<Table>,
  names: readonly Name[],
  clock: Clock,
  signal: AbortSignal,
): Promise<Record<Name, Measured>> {
  const spans = names.map((name) => {
    const point = pointOf(model.points, name)
    return { at: point.at, count: wordsOf(point) }
  })
  const source = { reader: connection, unitId, kind: model.kind }
  const { blocks, unread } = await readSpans(source, spans, model, signal)
  const atMs = clock.nowMs()
  const values = names.map((name) => [name, measured(decodeNumber(model.points, name, blocks), atMs, unread)] as const)
  return Object.fromEntries(values) as Record<Name, Measured>
}

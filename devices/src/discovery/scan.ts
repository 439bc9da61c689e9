import type { Clock } from '@wattfleet/protocol'
import { DEFAULT_MAX_REPLY_DELAY_MS } from '../adapters/modbus-rtu.ts'
import { DEFAULT_TIMEOUT_MS } from '../adapters/modbus-tcp.ts'
import { isFromGateway } from '../core/faults.ts'
import type { DeviceModel } from '../core/points.ts'
import type { RegisterReader } from '../ports.ts'
import { type Find, foundAlike } from './alike.ts'
import type { Evidence } from './evidence.ts'
import { ask, identify } from './identify.ts'
import type { Lines } from './ports.ts'
import { MOST_AT_ONCE, PROBES, type ScanPlan, type ScanStep } from './scan-plan.ts'
import type { LineTarget } from './target.ts'

/** What a scan tells while it goes on. */
export type ScanEvent =
  | { readonly is: 'asking'; readonly target: LineTarget; readonly unitId?: number; readonly mostMs: number }
  /** A device, or several units that answer alike. */
  | { readonly is: 'found'; readonly find: Find }
  /** A port that cannot be opened, or an address that accepts no connection. */
  | { readonly is: 'closed'; readonly target: LineTarget; readonly why: string }
  /** An address that accepts connections and answers no Modbus request. */
  | { readonly is: 'silent'; readonly target: LineTarget }
  /** A gateway that did not reach a unit. */
  | { readonly is: 'unreached'; readonly target: LineTarget; readonly unitId: number; readonly exception: number }
  /** Something came that is no answer: other settings, two devices with one id, or a bad line. */
  | { readonly is: 'noise'; readonly target: LineTarget; readonly unitId: number; readonly why: string }
  /** The port's other settings, not tried because a device was found. */
  | { readonly is: 'skipped'; readonly path: string; readonly settings: number }

export interface ScanOptions {
  readonly plan: ScanPlan
  readonly lines: Lines
  readonly models: readonly DeviceModel[]
  /** Goes on with a serial port's other settings after a find. */
  readonly isThorough: boolean
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onEvent: (event: ScanEvent) => void
}

/** What the units of one line answered. */
interface Probed {
  readonly answered: { readonly unitId: number; readonly evidence: readonly Evidence[] }[]
  /** Why the line could not be used at all. */
  broken?: string
}

/** Asks every unit of a step until it answers. */
async function probe(step: ScanStep, reader: RegisterReader, options: ScanOptions): Promise<Probed> {
  const { target, units, mostMs } = step
  const { clock, signal, onEvent } = options
  const probed: Probed = { answered: [] }
  for (const unitId of units) {
    const evidence: Evidence[] = []
    for (const asked of PROBES) {
      if (signal.aborted) return probed
      onEvent({ is: 'asking', target, unitId, mostMs })
      const came = await ask({ reader, unitId, clock, signal }, asked)
      evidence.push({ asked, came })
      if (came.is === 'nothing') {
        // a serial port that does not open will not for the next unit either
        if (came.reason === 'connection' && target.via === 'serial') return { ...probed, broken: came.why }
        if (came.reason === 'malformed') onEvent({ is: 'noise', target, unitId, why: came.why })
        continue
      }
      if (came.is === 'exception' && isFromGateway(came.code)) {
        onEvent({ is: 'unreached', target, unitId, exception: came.code })
        break
      }
      probed.answered.push({ unitId, evidence })
      break
    }
  }
  return probed
}

async function identifyAll(
  { target }: ScanStep,
  reader: RegisterReader,
  { answered }: Probed,
  { clock, models, signal }: ScanOptions,
): Promise<Find[]> {
  const finds: Find[] = []
  for (const { unitId, evidence } of answered) {
    const identity = await identify({ reader, unitId, clock, signal }, models)
    finds.push({ target, units: [unitId], ...identity, evidence: [...evidence, ...identity.evidence] })
  }
  return finds
}

/** One setting of a serial port: asked with short waits, what answered then with long ones. */
async function serialStep(step: ScanStep, options: ScanOptions): Promise<{ finds: Find[]; broken?: string }> {
  const { target, timeoutMs } = step
  const { lines } = options
  const line = lines.open(target, { timeoutMs, maxReplyDelayMs: timeoutMs })
  const probed = await probe(step, line, options)
  await line.close()
  if (probed.broken !== undefined) return { finds: [], broken: probed.broken }
  if (probed.answered.length === 0) return { finds: [] }
  const slow = lines.open(target, {
    timeoutMs: Math.max(timeoutMs, DEFAULT_TIMEOUT_MS),
    maxReplyDelayMs: DEFAULT_MAX_REPLY_DELAY_MS,
  })
  const finds = await identifyAll(step, slow, probed, options)
  await slow.close()
  return { finds }
}

async function scanSerial(options: ScanOptions): Promise<Find[]> {
  const { plan, isThorough, signal, onEvent } = options
  const found: Find[] = []
  const isOver = new Set<string>()
  for (const step of plan.serial) {
    const { target, mostMs } = step
    if (target.via !== 'serial' || isOver.has(target.path) || signal.aborted) continue
    onEvent({ is: 'asking', target, mostMs })
    const { finds, broken } = await serialStep(step, options)
    if (broken !== undefined) {
      onEvent({ is: 'closed', target, why: broken })
      isOver.add(target.path)
      continue
    }
    for (const find of finds) onEvent({ is: 'found', find })
    found.push(...finds)
    if (finds.length === 0 || isThorough) continue
    isOver.add(target.path)
    const rest = plan.serial.slice(plan.serial.indexOf(step) + 1)
    const settings = rest.filter((one) => one.target.via === 'serial' && one.target.path === target.path).length
    if (settings > 0) onEvent({ is: 'skipped', path: target.path, settings })
  }
  return found
}

async function networkStep(step: ScanStep, options: ScanOptions): Promise<Find[]> {
  const { target, timeoutMs, mostMs } = step
  const { lines, signal, onEvent } = options
  if (target.via === 'serial') return []
  onEvent({ is: 'asking', target, mostMs })
  const knocked = await lines.knock(target.host, target.port, timeoutMs, signal)
  if (!knocked.isOpen) {
    onEvent({ is: 'closed', target, why: knocked.why })
    return []
  }
  const line = lines.open(target, { timeoutMs, maxReplyDelayMs: DEFAULT_MAX_REPLY_DELAY_MS })
  const probed = await probe(step, line, options)
  const finds = foundAlike(await identifyAll(step, line, probed, options))
  await line.close()
  for (const find of finds) onEvent({ is: 'found', find })
  if (finds.length === 0 && !signal.aborted) onEvent({ is: 'silent', target })
  return finds
}

async function scanNetwork(options: ScanOptions): Promise<Find[]> {
  const { plan, signal } = options
  const waiting = [...plan.network]
  const found: Find[] = []
  const worker = async () => {
    for (let step = waiting.shift(); step !== undefined && !signal.aborted; step = waiting.shift()) {
      found.push(...(await networkStep(step, options)))
    }
  }
  await Promise.all(Array.from({ length: Math.min(MOST_AT_ONCE, waiting.length) }, worker))
  return found
}

/**
 * Does what the plan says: serial lines one after the other, then addresses, `MOST_AT_ONCE` at a time. Only reads (functions
 * 3 and 4). When the signal is aborted it ends with what was found until then. Never rejects because of a device or line.
 */
export async function scan(options: ScanOptions): Promise<Find[]> {
  const onSerial = await scanSerial(options)
  return [...onSerial, ...(await scanNetwork(options))]
}

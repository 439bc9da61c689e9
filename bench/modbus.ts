import { join } from 'node:path'
import { nodeProgram } from '../devices/bench/commands.ts'
import { measurePlans } from '../devices/bench/plans.ts'
import { measurePolling, type PollingCost, type PollingSizes } from '../devices/bench/polling.ts'
import { measureLine, type SerialSizes } from '../devices/bench/serial.ts'
import { type Figures, measureTcp, type TcpSizes } from '../devices/bench/tcp.ts'
import { hasPseudoTerminals } from '../test-support/pseudo-terminals.ts'
import { median } from './median.ts'

type Print = (line: string) => void

interface Sizes {
  readonly tcp: TcpSizes
  readonly serial: SerialSizes
  readonly polling: PollingSizes
}

const FULL: Sizes = {
  tcp: { rounds: 7, before: 4_000, reads: 4_000, registers: 125 },
  serial: { rounds: 5, seconds: 3 },
  polling: { rounds: 3, before: 5, seconds: 20 },
}
/** To see that it runs. */
const QUICK: Sizes = {
  tcp: { rounds: 1, before: 1_000, reads: 1_000, registers: 125 },
  serial: { rounds: 1, seconds: 1 },
  polling: { rounds: 1, before: 1, seconds: 3 },
}

const METERS = 100
const slaves = (file: string, ...args: string[]) =>
  nodeProgram(join(import.meta.dirname, '../simulator/bench', file), ...args)

/** What was to be reached, and what was: the median of the rounds. Absent where the peer is. */
interface Aim {
  readonly aim: string
  readonly value: number
  readonly isReached: boolean
}

function aimAt(aim: string, value: number | undefined, least: number): Aim[] {
  return value === undefined ? [] : [{ aim, value: rounded(value), isReached: value >= least }]
}

/**
 * How we read Modbus beside others in the same run: sequential reads over TCP, plans against what they spare and could spare,
 * what of a serial line is used, and what a hundred meters once a second take. `--quick`: one short round of each.
 */
export async function run(print: Print): Promise<object> {
  const sizes = process.argv.includes('--quick') ? QUICK : FULL
  const tcp = await measureTcp(sizes.tcp, print)
  const plans = measurePlans(print)
  const lines = await measureLines(sizes.serial, print)
  const polling = await measurePolling(slaves('meters.ts', String(METERS)), sizes.polling, print)
  const reads = [...tcp].map(([place, figures]) => ({ place, ...readsOf(figures) }))
  const worstPlan = Math.max(...plans.map(({ toLeast }) => toLeast))
  const aims = [
    ...reads.flatMap(({ place, to }) => [
      ...aimAt(`${place}: 0.5 of libmodbus`, to.libmodbus, 0.5),
      ...aimAt(`${place}: 3 times pymodbus`, to.pymodbus, 3),
      ...aimAt(`${place}: 0.9 of bare modbus-serial`, to['modbus-serial'], 0.9),
    ]),
    ...aimAt('0.95 of the line at 9,600 baud', lines.get(9_600)?.ours, 0.95),
    ...aimAt('0.9 of the line at 115,200 baud', lines.get(115_200)?.ours, 0.9),
  ]
  for (const { aim, value, isReached } of aims) print(`${aim}: ${value}, ${isReached ? 'reached' : 'not reached'}`)
  return {
    bench: 'modbus',
    registers: sizes.tcp.registers,
    reads,
    planToUnmerged: rounded(median(plans.map(({ toApart }) => toApart))),
    planToOptimum: rounded(worstPlan),
    line: Object.fromEntries(lines),
    polling: { meters: METERS, ...Object.fromEntries([...polling].map(([name, costs]) => [name, costOf(costs)])) },
    aims,
    ratio: reads[0]?.to['modbus-serial'],
  }
}

/** Reads per second, and ours over each of the others: in each round, because what else the machine does changes between them. */
function readsOf(figures: Figures) {
  const { ours = [], ...peers } = Object.fromEntries([...figures].filter(([, rounds]) => rounds.length > 0))
  const perSecond = Object.fromEntries(Object.entries({ ours, ...peers }).map(([name, all]) => [name, median(all)]))
  const over = (peer: readonly number[]) => median(peer.map((perSecond, round) => (ours[round] ?? 0) / perSecond))
  const to: Record<string, number> = Object.fromEntries(
    Object.entries(peers).map(([name, peer]) => [name, rounded(over(peer))]),
  )
  return { perSecond, to }
}

async function measureLines(sizes: SerialSizes, print: Print) {
  const lines = new Map<number, { readonly ours: number; readonly modbusSerial: number }>()
  if (!hasPseudoTerminals()) {
    print('serial lines are skipped: they need socat, which makes pairs of pseudo-terminals')
    return lines
  }
  for (const baudRate of [9_600, 115_200]) {
    const figures = await measureLine(baudRate, slaves('serial-slave.ts'), sizes)
    const ours = rounded(median(figures.ours))
    const modbusSerial = rounded(median(figures.modbusSerial))
    lines.set(baudRate, { ours, modbusSerial })
    print(`${baudRate} baud: ours ${ours} of what the line carries, bare modbus-serial ${modbusSerial}`)
  }
  return lines
}

function costOf(costs: readonly PollingCost[]) {
  const cpuSPerMinute = rounded(median(costs.map((cost) => cost.cpuSPerMinute)))
  return { cpuSPerMinute, rssMiB: Math.round(median(costs.map(({ rssMiB }) => rssMiB))) }
}

function rounded(value: number): number {
  return Number(value.toFixed(3))
}

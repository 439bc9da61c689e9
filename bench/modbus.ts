import { clients, startSlave } from '../devices/bench/clients.ts'
import { costMs, planReads, serialTiming } from '../devices/src/core/plan.ts'
import { modelIds, shippedModel, wordsOf } from '../devices/src/index.ts'
import { median } from './median.ts'

const READS = 4_000
const ROUNDS = 5
const REGISTERS = 125

/**
 * Sequential reads over Modbus TCP: ours beside bare modbus-serial, libmodbus and pymodbus, all of one slave, in turns. And
 * what reading all points of each model costs a line of 9,600 baud, planned and one request for each point.
 */
export async function run(print: (line: string) => void): Promise<object> {
  const slave = await startSlave()
  const { all, stop } = clients()
  const figures = new Map<string, number[]>(Object.keys(all).map((name) => [name, []]))
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      for (const [name, client] of Object.entries(all)) {
        const perSecond = await client(slave.port, READS, REGISTERS)
        if (perSecond !== undefined) figures.get(name)?.push(perSecond)
      }
      print(
        `round ${round}: ${[...figures].map(([name, of]) => `${name} ${of.at(-1) ?? 'not here'}`).join(', ')} reads/s`,
      )
    }
  } finally {
    stop()
    slave.stop()
  }
  const line = serialTiming({ baudRate: 9_600, parity: 'none', stopBits: 1 }, 20)
  const savings = modelIds().map((id) => {
    const { points, maxRegisters, holes, kind } = shippedModel(id)
    const spans = Object.values(points)
      .filter((point) => (point.kind ?? kind) === kind)
      .map((point) => ({ at: point.at, count: wordsOf(point) }))
    const planned = planReads(spans, { maxRegisters, holes, timing: line })
    const [ours, apart] = [costMs(planned, line), costMs(spans, line)]
    print(
      `${id}: ${planned.length} requests for ${spans.length} points, ${Math.round(ours)} ms of ${Math.round(apart)}`,
    )
    return ours / apart
  })
  const of = (name: string) => {
    const values = figures.get(name) ?? []
    return values.length === 0 ? undefined : median(values)
  }
  const [ours = 0, bare = 1, libmodbus, pymodbus] = ['ours', 'bare', 'libmodbus', 'pymodbus'].map(of)
  const ratio = (peer: number | undefined) => (peer === undefined ? undefined : Number((ours / peer).toFixed(3)))
  return {
    ...{ bench: 'modbus', registers: REGISTERS, readsPerSecond: { ours, bare, libmodbus, pymodbus } },
    ...{ toLibmodbus: ratio(libmodbus), toPymodbus: ratio(pymodbus) },
    planToUnmerged: Number(median(savings).toFixed(3)),
    ratio: ratio(bare),
  }
}

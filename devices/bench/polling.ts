import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Command, nodeProgram, started } from './commands.ts'

/** What one process took to read meters once a second. */
export interface PollingCost {
  /** Processor seconds for each minute. */
  readonly cpuSPerMinute: number
  readonly rssMiB: number
}

export interface PollingSizes {
  readonly rounds: number
  readonly before: number
  readonly seconds: number
}

const run = promisify(execFile)

/**
 * Ours, through a model's meter, and bare modbus-serial with the same requests, in turns. `meters` is a program that serves
 * them and says their ports.
 */
export async function measurePolling(
  meters: Command,
  sizes: PollingSizes,
  print: (line: string) => void,
): Promise<ReadonlyMap<string, readonly PollingCost[]>> {
  const server = await started(meters)
  try {
    const ports = JSON.parse(server.said) as number[]
    const costs = new Map<string, PollingCost[]>()
    for (let round = 1; round <= sizes.rounds; round++) {
      for (const client of ['ours', 'modbus-serial']) {
        const numbers = [sizes.before, sizes.seconds, ...ports].map(String)
        const [program = '', ...args] = nodeProgram(join(import.meta.dirname, 'poll.ts'), client, ...numbers)
        const figures = JSON.parse((await run(program, args)).stdout)
        if (figures.missed > 0)
          print(`${client}: ${figures.missed} of ${figures.read + figures.missed} readings missing`)
        const cpuSPerMinute = (figures.cpuS * 60) / sizes.seconds
        const cost = { cpuSPerMinute, rssMiB: figures.rssBytes / 2 ** 20 }
        costs.set(client, [...(costs.get(client) ?? []), cost])
        const figuresText = `${cpuSPerMinute.toFixed(2)} s of processor a minute, ${cost.rssMiB.toFixed(0)} MiB`
        print(`${ports.length} meters once a second, round ${round}, ${client}: ${figuresText}`)
      }
    }
    return costs
  } finally {
    server.stop()
  }
}

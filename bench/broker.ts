import { contenders } from '../broker/bench/contenders.ts'
import { measureFanIn, prepareGround } from '../broker/bench/fan-in.ts'
import { median } from './median.ts'

const MESSAGES = 10_000
const RUNS = 5

/** Messages per second from gateways to one hub: the hardened broker beside bare aedes and mosquitto, in turns. */
export async function run(print: (line: string) => void): Promise<object> {
  const quick = process.argv.includes('--quick')
  const ground = await prepareGround()
  const all = contenders()
  const figures = new Map<string, number[]>(all.map(({ name }) => [name, []]))
  try {
    for (let i = 0; i < (quick ? 1 : RUNS); i++) {
      for (const contender of all) {
        const perSecond = Math.round(await measureFanIn(contender, ground, quick ? 1_000 : MESSAGES))
        figures.get(contender.name)?.push(perSecond)
        print(`run ${i + 1}: ${contender.name} ${perSecond} messages/s`)
      }
    }
  } finally {
    ground.clear()
  }
  const middle = (name: string) => median(figures.get(name) ?? [])
  const ratio = (name: string, to: string) => Number((middle(name) / middle(to)).toFixed(3))
  return {
    bench: 'broker',
    messagesPerSecond: Object.fromEntries([...figures].map(([name, values]) => [name, median(values)])),
    ratioToBareAedes: ratio('ours, in memory', 'bare aedes'),
    durableToBareAedes: ratio('ours, sessions on disk', 'bare aedes'),
    ...(figures.has('mosquitto') && { ratioToMosquitto: ratio('ours, in memory', 'mosquitto') }),
  }
}

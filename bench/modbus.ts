import { measurePlans } from '../devices/bench/plans.ts'
import { measureTcp } from '../devices/bench/tcp.ts'
import { median } from './median.ts'

type Print = (line: string) => void

export async function run(print: Print): Promise<object> {
  const tcp = await measureTcp({ rounds: 5, before: 4_000, reads: 4_000, registers: 125 }, print)
  const plans = measurePlans(print)
  const out = {}
  return { tcp: Object.fromEntries([...tcp].map(([k, v]) => [k, Object.fromEntries([...v].map(([n, x]) => [n, median(x)]))])), n: plans.length, least: Math.max(...plans.flatMap(p => p.leastMs ? [p.oursMs / p.leastMs] : [])), saved: median(plans.map(p=>p.oursMs/p.apartMs)), ...out}
}

import { measureFloor } from '../hub/bench/floor.ts'
import { measureIntake } from '../hub/bench/intake.ts'
import { median } from './median.ts'

const ORDERS = 10_000
const RUNS = 5

/** Orders per second through intake alone, beside the least that any intake must do, in turns in one process. */
export function run(print: (line: string) => void): object {
  const ours: number[] = []
  const floor: number[] = []
  for (let i = 0; i < RUNS; i++) {
    ours.push(measureIntake(ORDERS).ordersPerSecond)
    floor.push(measureFloor(ORDERS))
    print(`run ${i + 1}: intake ${ours.at(-1)} orders/s, floor ${floor.at(-1)} orders/s`)
  }
  const [ordersPerSecond, floorPerSecond] = [median(ours), median(floor)]
  return {
    bench: 'intake',
    ordersPerSecond,
    floorPerSecond,
    ratio: Number((ordersPerSecond / floorPerSecond).toFixed(3)),
  }
}

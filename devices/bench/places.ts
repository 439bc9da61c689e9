import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What client and slave are started with, so that they run where they should. */
export interface Place {
  readonly name: 'together' | 'apart' | 'anywhere'
  readonly client: readonly string[]
  readonly slave: readonly string[]
}

/** Processors that this process may run on. */
function processors(): number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

/**
 * Together: client and slave on one processor, where a read takes what both compute. Apart: on two, where each also waits
 * for the other's to wake, as with a device. The system chooses now the one and now the other, and the two are far apart, so
 * where it cannot be told (taskset is Linux's) figures say less.
 */
export function places(): Place[] {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    const [one, two] = processors()
    if (one === undefined) throw new Error('no processors')
    const on = (processor: number) => ['taskset', '-c', String(processor)]
    const together: Place = { name: 'together', client: on(one), slave: on(one) }
    return two === undefined ? [together] : [together, { name: 'apart', client: on(two), slave: on(one) }]
  } catch {
    return [{ name: 'anywhere', client: [], slave: [] }]
  }
}

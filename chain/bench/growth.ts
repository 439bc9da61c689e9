import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { homedir } from 'node:os'
import { join } from 'node:path'

const CHAIN = join(import.meta.dirname, '..')
const TEST = 'ten_thousand_blocks'

/** What the state took every 500 blocks, once as much is forgotten as comes in. Bytes. */
export type StateSizes = readonly number[]

/** The sizes that the runtime's test printed; undefined where it printed none. */
export function sizesIn(output: string): StateSizes | undefined {
  const list = /^bytes of state every .*: \[([\d, ]+)\]/m.exec(output)?.[1]
  return list?.split(', ').map(Number)
}

/** The largest of the second half over the largest of the first: 1 where nothing grows. */
export function growthOf(sizes: StateSizes): number {
  const half = Math.floor(sizes.length / 2)
  return Math.max(...sizes.slice(half)) / Math.max(...sizes.slice(0, half))
}

/** Runs 10,000 blocks of trading natively. Undefined where there is no cargo; rejects where the test fails. */
export async function runGrowth(): Promise<StateSizes | undefined> {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  const target = process.env.CARGO_TARGET_DIR ?? join(cache, 'wattfleet', 'cargo-test')
  // of the whole workspace, as everybody runs the tests: what is built for one run is there for the other
  const args = ['test', '--locked', '--lib', TEST, '--', '--nocapture']
  const cargo = spawn('cargo', args, {
    cwd: CHAIN,
    env: { ...process.env, CARGO_TARGET_DIR: target },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [said, complained] = ['', '']
  cargo.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  cargo.stderr.setEncoding('utf8').on('data', (text: string) => {
    complained += text
  })
  try {
    const [code] = (await once(cargo, 'close')) as [number | null]
    if (code !== 0) throw new Error(`cargo test ended with ${code}: ${complained.slice(-2_000)}${said.slice(-2_000)}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return sizesIn(said)
}

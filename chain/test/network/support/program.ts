import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const CHAIN = join(import.meta.dirname, '..', '..', '..')

export const RUNTIME = join(CHAIN, 'runtime', 'wattfleet_runtime.wasm')

/** The node's program: WATTFLEET_NODE, or what chain/build-node.sh built from these sources. Throws where it is missing. */
export function nodeProgram(): string {
  const named = process.env.WATTFLEET_NODE
  if (named !== undefined) return named
  try {
    return execFileSync('bash', [join(CHAIN, 'build-node.sh'), '--path'], { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch (cause) {
    throw new Error('no node to test: run chain/build-node.sh first, or name its program in WATTFLEET_NODE', { cause })
  }
}

export interface Ended {
  readonly stdout: string
  readonly stderr: string
}

const run = promisify(execFile)

/** Runs one of the node's commands to its end. Rejects, with what it said, where its exit code is not 0. */
export const command = (program: string, args: readonly string[]): Promise<Ended> =>
  run(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })

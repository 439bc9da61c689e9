import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

export interface PythonPeer {
  /** Whom the tests speak with. */
  readonly name: string
  /** A line of Python that fails where the peer is not there. */
  readonly check: string
  /** How to come by it. */
  readonly install: string
  /** The environment variable that names a Python with it, where it does not live beside the others. */
  readonly variable?: string
}

/** The Python that the variable names, or the first of the usual names, that passes the check. */
export function pythonWith(check: string, variable = 'WATTFLEET_PYTHON'): string | undefined {
  const candidates = [process.env[variable], 'python3', 'python'].filter((name) => name !== undefined)
  return candidates.find((name) => spawnSync(name, ['-c', check]).status === 0)
}

/**
 * Describes tests against a Python package that nobody here wrote. Where it is missing they are skipped with a clear
 * message, and fail where CI or WATTFLEET_REQUIRE_INTEROP is set.
 */
export function describeWithPython(peer: PythonPeer, tests: (python: string) => void): void {
  const python = pythonWith(peer.check, peer.variable)
  const required = process.env.CI !== undefined || process.env.WATTFLEET_REQUIRE_INTEROP !== undefined
  const missing = `no Python with ${peer.name}: ${peer.install}, or name one in ${peer.variable ?? 'WATTFLEET_PYTHON'}`
  if (python !== undefined) {
    describe(`against ${peer.name}`, () => tests(python))
  } else if (required) {
    it(`has a Python with ${peer.name}`, () => expect.fail(missing))
  } else {
    process.stderr.write(`skipped: ${missing}\n`)
    describe.skip(`against ${peer.name} (skipped: ${missing})`, () => tests(''))
  }
}

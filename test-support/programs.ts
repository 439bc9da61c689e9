import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

/** Whether there is such a program on the PATH. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name]).status === 0
}

/**
 * Describes tests that need programs from outside. Where one is missing they are skipped with a clear message, and fail where
 * CI or WATTFLEET_REQUIRE_INTEROP is set. `packages` says how to come by them.
 */
export function describeWithPrograms(programs: readonly string[], packages: string, tests: () => void): void {
  const missing = programs.filter((name) => !hasProgram(name))
  const required = process.env.CI !== undefined || process.env.WATTFLEET_REQUIRE_INTEROP !== undefined
  const message = `no ${missing.join(', ')}: apt-get install ${packages}`
  if (missing.length === 0) {
    describe(`with ${programs.join(', ')}`, tests)
  } else if (required) {
    it(`has ${programs.join(', ')}`, () => expect.fail(message))
  } else {
    process.stderr.write(`skipped: ${message}\n`)
    describe.skip(`with ${programs.join(', ')} (skipped: ${message})`, tests)
  }
}

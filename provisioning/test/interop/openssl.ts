import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** Where distributions put SoftHSM's driver. */
const SOFTHSM = [
  process.env.WATTFLEET_SOFTHSM,
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
].find((path) => path !== undefined && existsSync(path))

export const SOFTHSM_MODULE = SOFTHSM ?? ''

const isThere = (program: string) => spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined
const runs = (program: string, ...given: string[]) => spawnSync(program, given, { stdio: 'ignore' }).status === 0

/** What these tests speak with that nobody here wrote; undefined where it is there. */
export const missingOpenssl = runs('openssl', 'version') ? undefined : 'no openssl: apt-get install openssl'
export const missingToken =
  missingOpenssl ??
  (SOFTHSM !== undefined && isThere('pkcs11-tool') && isThere('softhsm2-util') && runs('openssl', 'engine', 'pkcs11')
    ? undefined
    : 'no software token: apt-get install softhsm2 opensc libengine-pkcs11-openssl')

/** Describes tests that are skipped with a clear message where their peer is missing, and fail where it is required. */
export function describeWith(peer: string, missing: string | undefined, tests: () => void): void {
  if (missing === undefined) return void describe(`against ${peer}`, tests)
  if (process.env.CI !== undefined || process.env.WATTFLEET_REQUIRE_INTEROP !== undefined) {
    return void it(`has ${peer}`, () => expect.fail(missing))
  }
  process.stderr.write(`skipped: ${missing}\n`)
  describe.skip(`against ${peer} (skipped: ${missing})`, tests)
}

/** What openssl prints. Throws with what it says where it fails. */
export function openssl(...given: string[]): string {
  return execFileSync('openssl', given, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { hashSources } from '../../../runtime-hash.ts'

/**
 * The runtime of these sources one spec_version further on: WATTFLEET_NEXT_RUNTIME, or what `chain/build-runtime.sh --next`
 * built from these sources. Throws where it is missing.
 */
export function nextRuntime(): Buffer {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'wattfleet')
  const built = join(cache, 'runtime-next', hashSources(), 'wattfleet_runtime.wasm')
  const path = process.env.WATTFLEET_NEXT_RUNTIME ?? built
  if (!existsSync(path)) {
    throw new Error(
      `no runtime to upgrade to at ${path}: run chain/build-runtime.sh --next first, or name it in WATTFLEET_NEXT_RUNTIME`,
    )
  }
  return readFileSync(path)
}

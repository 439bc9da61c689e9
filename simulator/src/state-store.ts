import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { checkConfig, Fault, messageOf } from '@wattfleet/protocol'
import { z } from 'zod'

const wh = z.number().min(0).max(1e15)

const streetState = z.strictObject({
  version: z.literal(1),
  /** The step up to which the counters are integrated. */
  step: z.int().min(0),
  houses: z.record(
    z.string(),
    z.strictObject({
      importWh: wh,
      exportWh: wh,
      inverterWh: wh,
      pvWh: wh,
      chargedWh: wh,
      dischargedWh: wh,
      // integration may leave a battery a rounding error below empty
      storedWh: z.number().min(-1e-6).max(1e9),
    }),
  ),
})

export type StreetState = z.infer<typeof streetState>

const FILE = 'houses.json'

/**
 * What was stored last; undefined on a first start. A file that cannot be used is a Fault and no fresh start, because a
 * meter whose counters jump back makes energy out of nothing.
 */
export async function loadState(stateDir: string): Promise<StreetState | undefined> {
  const path = join(stateDir, FILE)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Fault('store', `${path}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Fault('store', `${path}: is not JSON: ${messageOf(error)}`, { cause: error })
  }
  return checkConfig(value, streetState, path)
}

/** Stores the state so that a crash at any moment leaves the old or the new one, whole. */
export async function saveState(stateDir: string, state: StreetState): Promise<void> {
  const path = join(stateDir, FILE)
  const next = `${path}.next`
  try {
    await mkdir(stateDir, { recursive: true })
    const file = await open(next, 'w', 0o600)
    try {
      await file.writeFile(JSON.stringify(state))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(next, path)
  } catch (error) {
    throw new Fault('store', `${path}: cannot be written: ${messageOf(error)}`, { cause: error, retryable: true })
  }
}

import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { checkConfig, Fault, messageOf } from '@wattfleet/protocol'
import { z } from 'zod'
import type { HouseState } from './core/house.ts'
import { withDerived } from './core/street.ts'

const wh = z.number().min(0).max(1e15)

const house = z
  .strictObject({
    ...{ importWh: wh, exportWh: wh, inverterWh: wh, pvWh: wh, chargedWh: wh, dischargedWh: wh },
    // integration may leave a battery a rounding error below empty
    storedWh: z.number().min(-1e-6).max(1e9),
    // kept since houses have heat pumps and cars
    ...{ loadWh: wh.optional(), lossWh: wh.optional(), heatPumpWh: wh.optional(), carWh: wh.optional() },
    carMissingWh: wh.optional(),
    indoorC: z.number().min(-100).max(100).optional(),
    isHeating: z.union([z.literal(0), z.literal(1)]).optional(),
    switchedStep: z.int().min(0).optional(),
  })
  .transform((stored): HouseState => {
    const { importWh, exportWh, inverterWh, pvWh, chargedWh, dischargedWh, storedWh, ...later } = stored
    const known = Object.fromEntries(Object.entries(later).filter(([, value]) => value !== undefined))
    return { ...withDerived({ importWh, exportWh, inverterWh, pvWh, chargedWh, dischargedWh, storedWh }), ...known }
  })

const streetState = z.strictObject({
  version: z.literal(1),
  /** The step up to which the counters are integrated. */
  step: z.int().min(0),
  houses: z.record(z.string(), house),
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

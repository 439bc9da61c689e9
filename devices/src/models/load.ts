import { readdirSync, readFileSync } from 'node:fs'
import { Fault, messageOf } from '@wattfleet/protocol'
import type { DeviceModel } from '../core/points.ts'
import { parseModel } from './schema.ts'

/** The models that come with the package. */
const SHIPPED = new URL('../../models/', import.meta.url)
const ENDING = '.json'

/** Reads one model file. Throws Fault `config` with the file and everything that is wrong in it. */
export function readModel(file: URL | string): DeviceModel {
  const path = typeof file === 'string' ? file : file.pathname
  const id = path.slice(path.lastIndexOf('/') + 1).replace(ENDING, '')
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Fault('config', `${path}: ${messageOf(error)}`, { cause: error })
  }
  const parsed = parseModel(id, raw)
  if (!parsed.ok) throw new Fault('config', `${path}:\n  ${parsed.faults.join('\n  ')}`)
  return parsed.model
}

const known = new Map<string, DeviceModel>()

/** Ids of all models that come with the package, in alphabetical order. */
export function modelIds(): string[] {
  return readdirSync(SHIPPED)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .sort()
}

/** A model that comes with the package, such as `eastron-sdm630`. Throws Fault `config` for one that does not. */
export function shippedModel(id: string): DeviceModel {
  const model = known.get(id)
  if (model !== undefined) return model
  if (!modelIds().includes(id)) {
    throw new Fault('config', `no device model "${id}"; there are ${modelIds().join(', ')}`)
  }
  const read = readModel(new URL(`${id}${ENDING}`, SHIPPED))
  known.set(id, read)
  return read
}

import { readFileSync } from 'node:fs'
import { checkConfig, Fault, messageOf } from '@wattfleet/protocol'
import { parseDocument } from 'yaml'
import { type Scenario, scenarioSchema } from './schema.ts'

/** Reads a file of devices, YAML or JSON. Throws Fault `config` that names file, place and what was expected. */
export function readScenario(path: string): Scenario {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Fault('config', `${path}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
  const document = parseDocument(text)
  const [wrong] = document.errors
  if (wrong !== undefined) throw new Fault('config', `${path}: ${wrong.message}`)
  let value: unknown
  try {
    value = document.toJS()
  } catch (error) {
    // aliases that multiply beyond the parser's limit
    throw new Fault('config', `${path}: ${messageOf(error)}`, { cause: error })
  }
  return checkConfig(value, scenarioSchema, path)
}

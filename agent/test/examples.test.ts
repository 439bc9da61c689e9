import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { agentConfigSchema } from '../src/config.ts'

const FOLDER = join(import.meta.dirname, '..', 'examples')

describe('the example configurations', () => {
  it.each(readdirSync(FOLDER))('%s is accepted as it is', (name) => {
    expect(readConfig(join(FOLDER, name), agentConfigSchema)).toMatchObject({ meter: { model: 'eastron-sdm630' } })
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import { openLines } from '../../src/adapters/lines.ts'
import { agentConfigSchema } from '../../src/config.ts'

const lines = openLines()
afterEach(() => lines.close())

const { meter, inverter } = agentConfigSchema.parse({
  ...{ stateDir: '/s', claimPath: '/c', meter: { host: '10.0.0.1', port: 502, unit: 1 } },
  inverter: { host: '10.0.0.1', port: 502, unit: 3 },
})

describe('the lines to a gateway’s devices', () => {
  it('are shared by devices at one address: an inverter may accept one connection only', () => {
    if (inverter === undefined) throw new Error('an inverter')
    expect(lines.to(inverter)).toBe(lines.to(meter))
    expect(lines.to({ ...inverter, port: 503 })).not.toBe(lines.to(meter))
  })
})

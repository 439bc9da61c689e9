import { missingReasonOf, openModbusTcp } from '@wattfleet/devices'
import { afterEach, describe, expect, it } from 'vitest'
import { freePorts } from '../../../test-support/ports.ts'
import { openLines } from '../../src/adapters/lines.ts'
import { agentConfigSchema, type InverterConfig, type MeterConfig } from '../../src/config.ts'

const lines = openLines()
afterEach(() => lines.close())

const parsed = agentConfigSchema.parse({
  ...{ stateDir: '/s', claimPath: '/c', meter: { host: '127.0.0.1', port: 1, unit: 1 } },
  inverter: { host: '127.0.0.1', port: 1, unit: 3 },
})
const { meter, inverter } = parsed as { meter: MeterConfig; inverter: InverterConfig }

it('lets others read a line where its device says so', async () => {
  const [port = 0] = await freePorts(1)
  const device = { ...meter, share: { host: '127.0.0.1', port } }
  await lines.share(device)
  const reader = openModbusTcp({ host: '127.0.0.1', port, timeoutMs: 2_000 })
  // nothing answers where the device should be: a gateway says so
  const asked = reader.readRegisters({ unitId: 1, kind: 'input', at: 0, count: 1 }, new AbortController().signal)
  const fault = await asked.catch((error: unknown) => error)
  await reader.close()
  expect(missingReasonOf(fault)).toBe('unreachable')
})

describe('the lines to a gateway’s devices', () => {
  it('are shared by devices at one address: an inverter may accept one connection only', () => {
    expect(lines.to(inverter)).toBe(lines.to(meter))
    expect(lines.to({ ...inverter, port: 2 })).not.toBe(lines.to(meter))
  })
})

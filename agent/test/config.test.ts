import { describe, expect, it } from 'vitest'
import { agentConfigSchema } from '../src/config.ts'

const config = (meter: object) => ({ stateDir: '/s', claimPath: '/c', meter })
const faults = (meter: object) =>
  agentConfigSchema.safeParse(config(meter)).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)

describe('where a gateway’s meter is', () => {
  it.each([
    { port: 502 },
    { host: '192.168.1.20', port: 502, framing: 'rtu' },
    { serial: { path: '/dev/ttyUSB0' } },
    { serial: { path: '/dev/ttyUSB0' }, model: 'sml' },
    { serial: { path: '/dev/ttyUSB0', baudRate: 19_200, parity: 'even', stopBits: 1 }, model: 'abb-b23' },
  ])('may be %j', (meter) => {
    expect(agentConfigSchema.safeParse(config(meter)).success).toBe(true)
  })

  it.each([
    [{ port: 502, model: 'obis-text' }, 'meter.serial: expected the serial line of the infrared head'],
    [{}, 'meter: expected a port (with its host) or a serial line, and not both'],
    [
      { port: 502, serial: { path: '/dev/ttyUSB0' } },
      'meter: expected a port (with its host) or a serial line, and not both',
    ],
    [
      { serial: { path: '/dev/ttyUSB0', baudRate: 1 } },
      'meter.serial.baudRate: Too small: expected number to be >=300',
    ],
  ])('is refused as %j: %s', (meter, said) => {
    expect(faults(meter)).toEqual([said])
  })
})

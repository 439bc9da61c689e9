import { modelIds, modelInverter, modelMeter, type RegisterReader, shippedModel } from '@wattfleet/devices'
import { manualClock } from '@wattfleet/protocol'
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
    [{}, 'meter: expected a port (with its host) or a serial line'],
    [
      { port: 502, serial: { path: '/dev/ttyUSB0' } },
      'meter: expected a port (with its host) or a serial line, and not both',
    ],
    [
      { port: 502, model: 'solaredge-storage' },
      'meter.model: solaredge-storage shows no energy of a grid connection: it cannot be its meter',
    ],
    [{ port: 502, model: 'sdm' }, 'meter.model: there is no model sdm; wattfleet-devices models lists them'],
    [
      { serial: { path: '/dev/ttyUSB0', baudRate: 1 } },
      'meter.serial.baudRate: Too small: expected number to be >=300',
    ],
  ])('is refused as %j: %s', (meter, said) => {
    expect(faults(meter)).toEqual([said])
  })
})

describe('a model that ships', () => {
  const clock = manualClock(0)
  const nowhere = {} as RegisterReader
  const isMade = (make: () => unknown) => {
    try {
      make()
      return true
    } catch {
      return false
    }
  }

  // a gateway that starts with a device that cannot be made ends at once, and nobody can tell it anything any more
  it.each(modelIds())('%s is taken as the devices that it can be, and as no other', (id) => {
    const model = shippedModel(id)
    const place = { port: 502, model: id }
    expect(agentConfigSchema.safeParse(config(place)).success).toBe(isMade(() => modelMeter(nowhere, 1, model, clock)))
    const withInverter = { ...config({ port: 502 }), inverter: place }
    expect(agentConfigSchema.safeParse(withInverter).success).toBe(
      isMade(() => modelInverter(nowhere, 1, model, clock)),
    )
  })
})

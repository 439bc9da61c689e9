import type { Status } from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { agentConfigSchema } from '../src/config.ts'
import { sourcesOf } from '../src/granted.ts'
import { effectiveConfig } from '../src/remote-config.ts'
import { BARE, FILE } from './support/remote.ts'

const METER = { model: 'eastron-sdm630', host: '192.168.1.20', port: 502 }

describe('what a grant says of the devices', () => {
  it('never counts against the file, and is never mixed with it', () => {
    const granted = {
      meter: { ...METER, unit: 9 },
      inverter: { model: 'huawei-sun2000', host: '192.168.1.21', port: 502 },
    }
    const config = effectiveConfig(FILE, {}, granted)
    expect(config.meter).toEqual(FILE.meter)
    // of which the file says nothing
    expect(config.inverter).toMatchObject(granted.inverter)
    expect(sourcesOf(FILE, granted, {})).toEqual({ meter: 'file', inverter: 'grant' })
  })

  it('may be taken away from afar', () => {
    const granted = { meter: METER, inverter: { model: 'sunspec', port: 502 } }
    expect(effectiveConfig(BARE, { inverter: null }, granted).inverter).toBeUndefined()
    expect(sourcesOf(BARE, granted, { inverter: null })).toEqual({ meter: 'grant', inverter: 'none' })
  })

  it.each<[unknown, string]>([
    [
      { meter: { ...METER, model: 'no-such' } },
      'grant: meter.model: there is no model no-such; wattfleet-devices models lists them',
    ],
    [{ meter: { model: 'abb-b23' } }, 'grant: meter: expected a port (with its host) or a serial line'],
    [{ meter: { model: 'sml', port: 502 } }, 'grant: meter.serial: expected the serial line of the infrared head'],
    [{ meter: { host: '192.168.1.20', port: 502 } }, 'grant: meter.model: expected the id of a model'],
    [{ meter: { ...METER, port: 0 } }, 'grant: meter.port: Too small: expected number to be >=1'],
    [{ meter: { ...METER, colour: 'red' } }, 'grant: meter: Unrecognized key: "colour"'],
    [{ meter: { ...METER, share: { port: 1 } } }, 'grant: meter.share: cannot be set from afar'],
    [
      { meter: { model: 'abb-b23', serial: { path: '/etc/shadow' } } },
      'grant: meter.serial.path: expected a serial line below /dev',
    ],
    [{ meter: 'eastron-sdm630' }, 'grant: meter: Invalid input: expected object, received string'],
    ['eastron-sdm630', 'grant: devices: expected an object'],
    [null, 'grant: devices: expected an object'],
  ])('is not used as %j, and told with path and expectation', (granted, reason) => {
    expect(effectiveConfig(BARE, {}, granted)).toEqual(BARE)
    expect(sourcesOf(BARE, granted, {})).toEqual({ meter: 'none', inverter: 'none', reason })
    // and is nobody's business where the installer has said it
    expect(sourcesOf(FILE, granted, {}).meter).toBe('file')
    expect(effectiveConfig(FILE, {}, granted)).toEqual(FILE)
  })

  it('keeps a good device where the other is not', () => {
    for (const model of ['no-such', 'eastron-sdm630']) {
      const granted = { meter: METER, inverter: { model, port: 502 } }
      expect(effectiveConfig(BARE, {}, granted)).toEqual({ ...BARE, meter: expect.objectContaining(METER) })
      expect(sourcesOf(BARE, granted, {})).toMatchObject({
        ...{ meter: 'grant', inverter: 'none', reason: expect.stringContaining(model) },
      })
    }
  })

  it('brings no port that others may read into the house, also with settings upon it', () => {
    const granted = { meter: { ...METER, share: { host: '0.0.0.0', port: 5020 } } }
    expect(effectiveConfig(BARE, { meter: { port: 503 } }, granted).meter?.share).toBeUndefined()
  })

  it('whatever it is, leaves a configuration that the file’s schema takes', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (meter, inverter) => {
        const config = effectiveConfig(BARE, {}, { meter, inverter })
        expect(agentConfigSchema.parse(config)).toEqual(config)
        const sources: Status['devices'] = sourcesOf(BARE, { meter, inverter }, {})
        expect(sources.meter === 'none').toBe(config.meter === undefined)
      }),
    )
  })
})

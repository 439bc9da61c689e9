import { describe, expect, it } from 'vitest'
import { agentConfigSchema } from '../src/config.ts'
import { effectiveConfig } from '../src/remote-config.ts'

const FILE = agentConfigSchema.parse({
  ...{ stateDir: '/var/lib/wattfleet', claimPath: '/etc/claim.json', serial: 'pi-1' },
  meter: { host: '192.168.1.20', port: 502, unit: 3, share: { port: 5020 } },
  inverter: { serial: { path: '/run/weird-name' }, model: 'sunspec' },
  pollS: 10,
})

describe('settings from afar', () => {
  it('change what they name, and nothing else', () => {
    const config = effectiveConfig(FILE, { meter: { port: 1502 }, strategy: { bidMicro: 1 }, pollS: 60 })
    expect(config).toEqual({
      ...FILE,
      meter: { ...FILE.meter, port: 1502 },
      strategy: { ...FILE.strategy, bidMicro: 1 },
      pollS: 60,
    })
    expect(effectiveConfig(FILE, {})).toEqual(FILE)
  })

  it('can move a device from the network to a serial line, and take one away', () => {
    const meter = { port: null, serial: { path: '/dev/ttyUSB0', baudRate: 9_600 }, model: 'eastron-sdm630' }
    const config = effectiveConfig(FILE, { meter, inverter: null })
    expect(config.meter).toMatchObject({ serial: { path: '/dev/ttyUSB0' }, unit: 3 })
    expect(config.meter?.port).toBeUndefined()
    expect(config.inverter).toBeUndefined()
  })

  it.each([
    ['stateDir', { stateDir: '/tmp' }],
    ['claimPath', { claimPath: '/tmp/claim' }],
    ['serial', { serial: 'pi-2' }],
    ['serialPath', { serialPath: '/tmp/serial' }],
    ['grant', { grant: {} }],
    ['__proto__', JSON.parse('{"__proto__":{"stateDir":"/tmp"}}')],
    ['meter.share', { meter: { share: { host: '0.0.0.0', port: 1 } } }],
    ['inverter.share', { inverter: { share: null } }],
  ])('may not set %s', (name, settings) => {
    expect(() => effectiveConfig(FILE, settings)).toThrow(`settings: ${name}: cannot be set from afar`)
  })

  it.each([
    ['meter.port', { meter: { port: 70_000 } }],
    ['meter.model', { meter: { model: 'no-such' } }],
    ['meter', { meter: null }],
    ['meter', { meter: 'eastron' }],
    ['meter', { meter: { port: null } }],
    ['meter', { meter: { unknown: 1 } }],
    ['strategy.bidMicro', { strategy: { bidMicro: -1 } }],
    ['pollS', { pollS: 0 }],
    ['meter.serial.path', { meter: { port: null, serial: { path: '/etc/shadow' } } }],
    ['meter.serial.path', { meter: { port: null, serial: { path: '/dev/../etc/shadow' } } }],
  ])('are refused as the file is, naming %s: %o', (path, settings) => {
    expect(() => effectiveConfig(FILE, settings)).toThrow(`settings: ${path}: `)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DevicePlace, parseDeviceAddress } from '../../src/core/device-address.ts'
import { devicesOf } from '../../src/core/devices.ts'

describe('where a device is, in one field', () => {
  it.each<[string, DevicePlace]>([
    ['192.168.1.20', { host: '192.168.1.20', port: 502 }],
    ['192.168.1.20:1502', { host: '192.168.1.20', port: 1502 }],
    ['meter.lan:502', { host: 'meter.lan', port: 502 }],
    ['[fe80::1]:502', { host: 'fe80::1', port: 502 }],
    ['rtu-over-tcp://10.0.0.7:4001', { host: '10.0.0.7', port: 4001, framing: 'rtu' }],
    ['/dev/ttyUSB0', { serial: { path: '/dev/ttyUSB0' } }],
    ['/dev/ttyUSB0:19200', { serial: { path: '/dev/ttyUSB0', baudRate: 19_200 } }],
    ['/dev/ttyUSB0:9600:E1', { serial: { path: '/dev/ttyUSB0', baudRate: 9_600, parity: 'even', stopBits: 1 } }],
    ['/dev/ttyUSB0:9600:8N2', { serial: { path: '/dev/ttyUSB0', baudRate: 9_600, parity: 'none', stopBits: 2 } }],
    [
      '/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0',
      { serial: { path: '/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0' } },
    ],
  ])('%s', (text, place) => {
    expect(parseDeviceAddress(text)).toEqual(place)
  })

  it.each([
    ...[
      '',
      ':502',
      '192.168.1',
      '192.168.1.256',
      '1.2.3.4.5',
      '502',
      'host:0',
      'host:65536',
      'host:x',
      'a b',
      'host/x',
    ],
    ...['fe80::1', '[x]:1', 'rtu-over-tcp://10.0.0.7', 'tcp://10.0.0.7:502', '-x', '=1+1', '@a'],
    ...['COM3', 'COM3:9600', 'com12:502', '/dev/ttyUSB0:9601', '/dev/ttyUSB0:9601:Q1', '/dev/ttyUSB0:9600:Q1'],
    ...['/dev/ttyUSB0:9600:E3', '/dev/ttyUSB0:E1', '/dev/ttyUSB0:x', '/dev/serial/by-path/pci-0000:00:14.0:9601:Q1'],
    ...['/etc/shadow', '/dev/', '/dev/../etc/shadow', '/dev/tty USB0', '/dev/ttyUSB0:299', '/dev/ttyUSB0:921601'],
  ])('%s is none', (text) => {
    expect(parseDeviceAddress(text)).toBeUndefined()
  })

  it('comes back as it was said, whatever the host and port', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        expect(parseDeviceAddress(`${host}:${port}`)).toEqual({ host, port })
      }),
    )
  })
})

describe('what is granted of the devices', () => {
  it.each([
    [{}, {}],
    [{ meter: 'abb-b23' }, { devices: { meter: { model: 'abb-b23' } } }],
    [
      { meter: 'abb-b23', meterAddress: '/dev/ttyUSB0', meterUnit: 3, inverter: 'sunspec', inverterAddress: 'sun.lan' },
      {
        devices: {
          meter: { model: 'abb-b23', serial: { path: '/dev/ttyUSB0' }, unit: 3 },
          inverter: { model: 'sunspec', host: 'sun.lan', port: 502 },
        },
      },
    ],
  ])('of %j', (site, granted) => {
    expect(devicesOf(site)).toEqual(granted)
  })
})

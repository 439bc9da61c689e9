import { describe, expect, it } from 'vitest'
import type { ServedLine } from '../../src/scenario/run.ts'
import { toldOf } from '../../src/scenario/told.ts'

function line(name: string, port: number, units = 1): ServedLine {
  const devices = Array.from({ length: units }, (_, i) => ({ name: `${name}-${i + 1}`, unitId: i + 1 }))
  return { name, transport: 'modbus-tcp', where: `127.0.0.1:${port}`, port, devices }
}
const many = (count: number, from: number) =>
  Array.from({ length: count }, (_, i) => line(`house-${i + 1}`, from + i, (i % 2) + 1))

describe('what is told of lines', () => {
  it('is every device of a few', () => {
    expect(toldOf([line('lan', 5020, 2), line('wan', 5021)])).toEqual([
      'lan: modbus-tcp on 127.0.0.1:5020',
      '  unit 1: lan-1',
      '  unit 2: lan-2',
      'wan: modbus-tcp on 127.0.0.1:5021',
      '  unit 1: wan-1',
    ])
  })

  it('is the runs of ports of many', () => {
    const serial = { ...line('rs485', 0), transport: 'rtu-serial', where: '/dev/ttyUSB0', port: undefined } as const
    expect(toldOf([...many(30, 6000), line('lan', 5020, 3), serial, { ...serial, name: 'other' }])).toEqual([
      'house-1 to house-30: modbus-tcp on 127.0.0.1:6000 to 6029, 45 devices',
      'lan: modbus-tcp on 127.0.0.1:5020, 3 devices',
      'rs485: rtu-serial on /dev/ttyUSB0, 1 devices',
      'other: rtu-serial on /dev/ttyUSB0, 1 devices',
    ])
  })
})

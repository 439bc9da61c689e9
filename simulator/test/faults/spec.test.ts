import { manualClock } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { FaultBox, MOST_FAULTS } from '../../src/faults/box.ts'
import { FAULT_KINDS, faultSpec } from '../../src/faults/spec.ts'
import { pointsOf } from '../../src/wire/device.ts'
import { bench, deviceOf } from '../served.ts'

const messages = (value: unknown) =>
  faultSpec.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []

describe('a fault as data', () => {
  it.each([
    [{}, /kind: /],
    [{ kind: 'earthquake', device: 'meter' }, /kind: /],
    [{ kind: 'silence' }, /device: /],
    [{ kind: 'silence', device: 'meter', ms: 5 }, /Unrecognized key: "ms"/],
    [{ kind: 'silence', device: 'meter', probability: 0 }, /probability: /],
    [{ kind: 'silence', device: 'meter', probability: 1.1 }, /probability: /],
    [{ kind: 'silence', device: 'meter', every: 0 }, /every: /],
    [{ kind: 'silence', device: 'meter', afterMs: -1 }, /afterMs: /],
    [{ kind: 'silence', device: 'meter', repeatMs: 10 }, /repeatMs: expected forMs too/],
    [{ kind: 'silence', device: 'meter', repeatMs: 10, forMs: 10 }, /repeatMs: expected forMs too/],
    [{ kind: 'delay', device: 'meter', ms: [9, 1] }, /ms/],
    [{ kind: 'delay', device: 'meter' }, /ms/],
    [{ kind: 'exception', device: 'meter', code: 256 }, /code: /],
    [{ kind: 'extraBytes', device: 'meter', hex: 'abc' }, /hex: expected bytes in hex/],
    [{ kind: 'byteSwapped', device: 'meter', points: [] }, /points: /],
    [{ kind: 'refused', device: 'meter', probability: 0.5 }, /Unrecognized key: "probability"/],
  ])('%j is none', (value, expected) => {
    expect(messages(value).join('\n')).toMatch(expected)
  })

  it('is of one of these kinds', () => {
    expect([...FAULT_KINDS].sort()).toEqual([
      ...['badCrc', 'busy', 'byteSwapped', 'counterJump', 'counterReset', 'counterRollover', 'delay', 'drip'],
      ...['exception', 'extraBytes', 'frozenClock', 'halfOpen', 'late', 'notAvailable', 'refused', 'reset'],
      ...['shortFrame', 'silence', 'stuck', 'wordSwapped', 'wrongFunction', 'wrongTransaction', 'wrongUnit'],
    ])
  })
})

describe('faults that are given', () => {
  const target = { carrier: 'modbus-tcp', points: pointsOf(deviceOf()) } as const
  const box = () => {
    const faults = new FaultBox(1, manualClock(0))
    faults.register('meter', target)
    faults.register('serial', { ...target, carrier: 'rtu-serial' })
    return faults
  }

  it.each([
    [{ kind: 'silence', device: 'other' }, 'device', /no device "other"/],
    [{ kind: 'badCrc', device: 'meter' }, 'kind', /no CRC/],
    [{ kind: 'wrongTransaction', device: 'serial' }, 'kind', /only Modbus TCP/],
    [{ kind: 'refused', device: 'serial' }, 'kind', /no connections/],
    [{ kind: 'reset', device: 'serial' }, 'kind', /no connections/],
    [{ kind: 'stuck', device: 'meter', points: ['powr'] }, 'points', /no point "powr"; it has power, energy/],
    [{ kind: 'counterJump', device: 'meter', point: 'x', by: 1 }, 'point', /no point "x"/],
    [{ kind: 'wordSwapped', device: 'meter', points: ['small'] }, 'points', /one register/],
    [{ kind: 'notAvailable', device: 'meter', points: ['energy'] }, 'points', /no bits that mean/],
  ])('%j is refused', (spec, path, message) => {
    const added = box().add(faultSpec.parse(spec))
    expect(added).toMatchObject({ ok: false, path, message: expect.stringMatching(message) })
  })

  it('are listed with what they hit, until they are taken back', () => {
    const faults = box()
    faults.add(faultSpec.parse({ kind: 'silence', device: 'meter', every: 2 }))
    for (let i = 0; i < 4; i++) faults.rule('meter')
    faults.rule('serial')
    expect(faults.list()).toMatchObject([{ id: 'f1', hits: 2, inTime: true, spec: { kind: 'silence' } }])
    expect(faults.remove('f1')).toBe(true)
    expect(faults.remove('f1')).toBe(false)
    expect(faults.list()).toEqual([])
  })

  it('add up: delays are summed, of two exceptions the first counts', () => {
    const faults = box()
    for (const spec of [
      { kind: 'delay', ms: 5 },
      { kind: 'delay', ms: 7 },
      { kind: 'busy' },
      { kind: 'exception', code: 3 },
    ])
      faults.add(faultSpec.parse({ device: 'meter', ...spec }))
    expect(faults.rule('meter')).toMatchObject({ delayMs: 12, exception: 6 })
  })

  it('are no more than a limit', () => {
    const faults = box()
    const spec = faultSpec.parse({ kind: 'silence', device: 'meter' })
    for (let i = 0; i < MOST_FAULTS; i++) faults.add(spec)
    expect(faults.add(spec)).toMatchObject({ ok: false, path: '' })
  })

  it('say once what a device cannot show, and it answers failure', () => {
    const { devices, warnings } = bench([deviceOf({ values: () => ({ small: 70_000 }) })], 'modbus-tcp')
    const ask = Uint8Array.of(4, 0, 100, 0, 1)
    expect([devices[0]?.request(ask).pdu, devices[0]?.request(ask).pdu]).toEqual([
      Uint8Array.of(0x84, 4),
      Uint8Array.of(0x84, 4),
    ])
    expect(warnings).toHaveLength(1)
  })

  it('do not write what they refuse', () => {
    const part = { kind: 'holding', at: 0, length: 1, holes: 'readable', table: { x: { at: 0, as: 'u16' } } } as const
    const device = deviceOf({ parts: [part], values: () => ({ x: 1 }), writable: [{ at: 0, count: 1 }] })
    const { devices, fault, faults } = bench([device], 'modbus-tcp')
    const id = fault({ kind: 'busy' })
    devices[0]?.request(Uint8Array.of(6, 0, 0, 0, 9))
    faults.remove(id)
    expect(devices[0]?.request(Uint8Array.of(3, 0, 0, 0, 1)).pdu).toEqual(Uint8Array.of(3, 2, 0, 1))
    // silence is heard: what was asked is done, and nobody is told
    fault({ kind: 'silence', forMs: 10_000_000, every: 1 })
    expect(devices[0]?.request(Uint8Array.of(6, 0, 0, 0, 9)).pdu).toBeUndefined()
    faults.remove('f2')
    expect(devices[0]?.request(Uint8Array.of(3, 0, 0, 0, 1)).pdu).toEqual(Uint8Array.of(3, 2, 0, 9))
  })
})

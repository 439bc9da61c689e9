import { describe, expect, it } from 'vitest'
import { parseModel } from '../src/models/schema.ts'

type Raw = Record<string, unknown>

const points: Raw = {
  mode: { at: 0, as: 'u16', states: { 0: 'by itself', 1: 'charge' } },
  power: { at: 1, as: 'u16', unit: 'W', least: 0, most: 10_000 },
  share: { at: 2, as: 's16', unit: '%', scaleFactor: 'shareScale' },
  shareScale: { at: 3, as: 's16' },
  timer: { at: 4, as: 'u16', unit: 's' },
  rated: { at: 5, as: 'u32', unit: 'W', kind: 'input' },
  serial: { at: 7, as: 'string', words: 2 },
}
const file = (controls: Raw): Raw => ({
  ...{ maker: 'Maker', name: 'M1', category: 'battery', sources: ['a document'], kind: 'holding', unitId: 1 },
  ...{ maxRegisters: 60, holes: 'rejected', marks: [{ point: 'serial', oneOf: ['M1'] }], points, controls },
})
const timer = { point: 'timer', to: 'timer' }
const on = { point: 'mode', to: 1 }
const ofRated = { point: 'power', to: 'percent', of: 'rated' }
const auto = { writes: [{ point: 'mode', to: 0 }] }
const charge = (...writes: Raw[]) => ({ batteryAuto: auto, batteryCharge: { writes } })

it('takes controls whose timer comes first', () => {
  const raw = charge(timer, ofRated, on)
  expect(parseModel('m1', file(raw))).toMatchObject({ ok: true, model: { controls: raw } })
})

it('takes controls of a device without a timer', () => {
  expect(parseModel('m1', file(charge(ofRated, on))).ok).toBe(true)
})

it('refuses controls of what nothing tells from others', () => {
  const parsed = parseModel('m1', { ...file(charge(timer, ofRated, on)), marks: [] })
  expect(parsed.ok ? [] : parsed.faults).toEqual([expect.stringContaining('marks: expected what tells')])
})

it('leaves a model without controls without', () => {
  const parsed = parseModel('m1', { ...file({}), controls: undefined })
  expect(parsed.ok && 'controls' in parsed.model).toBe(false)
})

describe('controls', () => {
  it.each<[string, Raw, string]>([
    ['of a name that there is not', { batteryExplode: auto }, 'controls: '],
    ['without a write', { batteryAuto: { writes: [] } }, 'controls.batteryAuto.writes: '],
    [
      'with an unknown word',
      { batteryAuto: { writes: [{ point: 'mode', to: 'full' }] } },
      'controls.batteryAuto.writes.0.to: ',
    ],
    [
      'of a point that there is not',
      charge(timer, { ...ofRated, point: 'watts' }, on),
      'controls.batteryCharge.writes.1.point: there is no point "watts"',
    ],
    [
      'of an input register',
      charge(timer, ofRated, { point: 'rated', to: 1 }, on),
      'controls.batteryCharge.writes.2.point: expected a number in a holding register',
    ],
    [
      'of a text',
      charge(timer, ofRated, { point: 'serial', to: 1 }, on),
      'controls.batteryCharge.writes.2.point: expected a number in a holding register',
    ],
    [
      'with a code that the point does not list',
      charge(timer, ofRated, { point: 'mode', to: 2 }),
      'controls.batteryCharge.writes.2.to: expected one of 0, 1',
    ],
    [
      'out of the point’s bounds',
      charge(timer, ofRated, { point: 'power', to: 10_001 }, on),
      'controls.batteryCharge.writes.2.to: expected 0 to 10000',
    ],
    [
      'that do not fit the point',
      charge(timer, ofRated, { point: 'share', to: 40_000 }, on),
      'controls.batteryCharge.writes.2.to: expected a figure that fits',
    ],
    [
      'of more than all',
      charge(timer, ofRated, { ...ofRated, to: 101 }, on),
      'controls.batteryCharge.writes.2.to: expected 0 to 100 %',
    ],
    [
      'a part of something else',
      charge(timer, { ...ofRated, of: 'timer' }, on),
      'controls.batteryCharge.writes.1.of: expected a point in W',
    ],
    [
      'a percentage in watts',
      charge(timer, { point: 'power', to: 'percent' }, on),
      'controls.batteryCharge.writes.1.of: expected the point it is a part of',
    ],
    [
      'a percentage of what has none',
      { batteryAuto: { writes: [{ point: 'share', to: 'percent' }] } },
      'controls.batteryAuto.writes.0.to: expected a figure',
    ],
    [
      'a timer that is no time',
      charge({ point: 'power', to: 'timer' }, ofRated, on),
      'controls.batteryCharge.writes.0.to: expected a timer in s',
    ],
    [
      'a timer that comes too late',
      charge(ofRated, on, timer),
      'controls.batteryCharge.writes.2: expected the timer before what it ends',
    ],
    ['without the percentage', charge(timer, on), 'controls.batteryCharge.writes: expected the percentage among them'],
    [
      'without their end',
      { batteryHold: { writes: [timer, on] } },
      'controls.batteryHold: expected a "batteryAuto" that takes it back',
    ],
    [
      'without the timer that others have',
      { ...charge(timer, ofRated, on), batteryHold: { writes: [on] } },
      'controls.batteryHold.writes: expected the device’s timer among them',
    ],
    [
      'that require what there is not',
      { batteryAuto: { ...auto, requires: [{ point: 'remote', oneOf: [1] }] } },
      'controls.batteryAuto.requires.0.point: there is no point "remote"',
    ],
  ])('%s are refused, with the path and what was expected', (_, controls, said) => {
    const parsed = parseModel('m1', file(controls))
    expect(parsed.ok ? [] : parsed.faults).toEqual([expect.stringContaining(said)])
  })
})

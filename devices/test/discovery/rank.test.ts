import { describe, expect, it } from 'vitest'
import type { DeviceModel, Point } from '../../src/core/points.ts'
import { alikeBest, judge, keyPoints, rank, type Trial } from '../../src/discovery/rank.ts'
import type { MissingReason } from '../../src/ports.ts'
import type { PointValue } from '../../src/value-reader.ts'

type Shown = number | string | MissingReason
const REASONS: readonly Shown[] = ['exception', 'timeout', 'not-available', 'implausible']

function model(id: string, names: readonly string[], marks: DeviceModel['marks'] = []): DeviceModel {
  const points = Object.fromEntries(names.map((name, at) => [name, { at, as: 'u16' } as Point]))
  const head = { id, maker: 'Maker', name: id, category: 'grid-meter', sources: ['a document'] } as const
  return { ...head, kind: 'input', unitId: 1, maxRegisters: 60, holes: 'readable', marks, points }
}

/** A model read: each point with what it showed, or why not. */
function trial(id: string, shown: Readonly<Record<string, Shown>>, marks: DeviceModel['marks'] = []): Trial {
  const values = Object.entries(shown).map(([name, value]): PointValue => {
    const point: Point = { at: 0, as: 'u16' }
    return REASONS.includes(value)
      ? { name, point, measured: { quality: 'missing', reason: value as MissingReason, readMs: 0 } }
      : { name, point, measured: { quality: 'good', value, readMs: 0 } }
  })
  return { model: model(id, Object.keys(shown), marks), values }
}

const mark = [{ point: 'code', oneOf: [137, 138] }]

describe('a model', () => {
  it.each<[string, Readonly<Record<string, Shown>>, DeviceModel['marks'], string]>([
    ['whose marks hold', { code: 137 }, mark, 'certain'],
    ['whose marks hold by the other value', { code: 138, voltageL1: 230 }, mark, 'certain'],
    ['whose mark is another', { code: 139, voltageL1: 230, frequency: 50 }, mark, 'no'],
    ['of whose marks one is another', { code: 137, type: 'X' }, [...mark, { point: 'type', oneOf: ['B23'] }], 'no'],
    ['whose text holds', { type: 'B23' }, [{ point: 'type', oneOf: ['B23'] }], 'certain'],
    ['whose mark is not given', { code: 'exception', voltageL1: 230 }, mark, 'possible'],
    ['whose mark is not given, nor anything else to judge by', { code: 'timeout', other: 1 }, mark, 'possible'],
    ['whose quantities are what they can be', { voltageL1: 230, frequency: 50 }, [], 'likely'],
    ['at 60 Hz', { voltageL1: 181, frequency: 60 }, [], 'likely'],
    ['whose other phases are not connected', { voltageL1: 230, voltageL2: 0, voltageL3: 0 }, [], 'likely'],
    ['whose first phase reads zero', { voltageL1: 0, frequency: 50 }, [], 'possible'],
    ['whose voltage cannot be', { voltageL1: 2300, frequency: 50 }, [], 'possible'],
    ['whose voltage cannot be, and nothing else can', { voltageL1: 2300, frequency: 5 }, [], 'no'],
    ['whose decoder refuses the voltage', { voltageL1: 'implausible', other: 4 }, [], 'no'],
    ['of which a part is refused', { voltageL1: 230, frequency: 'exception' }, [], 'possible'],
    ['of which all is refused', { voltageL1: 'exception', frequency: 'exception' }, [], 'no'],
    ['of a device that is silent', { voltageL1: 'timeout', frequency: 'timeout' }, [], 'no'],
    ['of a device that has none of them', { voltageL1: 'not-available', totalPower: 5 }, [], 'possible'],
    ['of a device that has nothing at all', { voltageL1: 'not-available', totalPower: 'not-available' }, [], 'no'],
    ['of which one is not there, one refused', { voltageL1: 'not-available', frequency: 'exception', x: 1 }, [], 'no'],
    ['without anything to judge it by', { totalPower: 0 }, [], 'possible'],
  ])('%s', (_, shown, marks, fit) => {
    expect(judge(trial('m', shown, marks)).fit).toBe(fit)
  })

  it('says what it was judged by', () => {
    const shown = { code: 1, voltageL1: 230, voltageL2: 0, voltageL3: 'exception', frequency: 7, power: 'exception' }
    expect(judge(trial('m', shown, mark))).toMatchObject({
      marks: [{ point: 'code', oneOf: [137, 138], got: 1, is: 'contradicts' }],
      plausible: [{ name: 'voltageL1' }],
      implausible: [{ name: 'frequency' }],
      ...{ unread: ['voltageL3'], idlePhases: 1, exceptions: 2, given: 4 },
    })
  })

  it('is judged by its marks and by voltages and frequency, where it has them', () => {
    expect(keyPoints(model('m', ['power', 'frequency', 'voltageL1', 'code'], mark))).toEqual([
      'code',
      'voltageL1',
      'frequency',
    ])
    expect(keyPoints(model('m', ['power']))).toEqual([])
  })
})

describe('models are ranked', () => {
  const volts = { voltageL1: 230, voltageL2: 231, voltageL3: 229 }
  it.each<[string, readonly Trial[], readonly string[]]>([
    [
      'by fit first',
      [
        trial('a-no', { voltageL1: 3 }),
        trial('b-possible', { power: 1 }),
        trial('c-likely', volts),
        trial('d-certain', { code: 137 }, mark),
      ],
      ['d-certain', 'c-likely', 'b-possible', 'a-no'],
    ],
    [
      'then by fewer figures that cannot be',
      [trial('a', { ...volts, frequency: 5 }), trial('b', { voltageL1: 230, frequency: 'exception' })],
      ['b', 'a'],
    ],
    ['then by more figures that can', [trial('a', { voltageL1: 230 }), trial('b', volts)], ['b', 'a']],
    [
      'then by fewer phases that read zero',
      [trial('a', { voltageL1: 230, voltageL2: 0, power: 1 }), trial('b', { voltageL1: 230 })],
      ['b', 'a'],
    ],
    [
      'then by fewer exceptions',
      [trial('a', { ...volts, x: 'exception', y: 1 }), trial('b', { ...volts, x: 'not-available', y: 1 })],
      ['b', 'a'],
    ],
    ['then by more points', [trial('a', volts), trial('b', { ...volts, power: 3 })], ['b', 'a']],
    ['at last by name', [trial('b', volts), trial('a', volts)], ['a', 'b']],
  ])('%s', (_, trials, order) => {
    expect(rank(trials).map(({ modelId }) => modelId)).toEqual(order)
    expect(rank([...trials].reverse()).map(({ modelId }) => modelId)).toEqual(order)
  })

  it('and those are named that nothing tells from the best', () => {
    const trials = [trial('a', volts), trial('b', { ...volts, x: 'exception' }), trial('c', { voltageL1: 230 })]
    expect(alikeBest(rank(trials)).map(({ modelId }) => modelId)).toEqual(['a', 'b'])
    expect(alikeBest(rank([trial('a', { voltageL1: 3 })]))).toEqual([])
    expect(alikeBest([])).toEqual([])
  })
})

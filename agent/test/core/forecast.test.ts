import { describe, expect, it } from 'vitest'
import { BASIS_STALE_MS, measuredBasis, persist, remember } from '../../src/core/forecast.ts'
import type { CounterReading } from '../../src/core/reading.ts'

const MINUTE = 60_000

function reading(minutes: number, importWh: number, exportWh = 0): CounterReading {
  return { atMs: minutes * MINUTE, importWh, exportWh, stepWh: 1 }
}

describe('measuredBasis', () => {
  const power = { importW: 500, exportW: 0 }
  const sunny = { importW: 0, exportW: 2_000 }
  it.each([
    { name: 'no reading: no basis', recent: [], power, now: 0, basis: undefined },
    {
      name: 'the meter is silent now: no basis',
      recent: [reading(0, 1), reading(4, 2)],
      power: undefined,
      now: 4,
      basis: undefined,
    },
    { name: 'one reading: the power it shows', recent: [reading(0, 1)], power, now: 0, basis: power },
    {
      name: 'minutes of readings: the mean of both counters',
      recent: [reading(0, 1000, 50), reading(2, 1010, 80), reading(4, 1040, 110)],
      power: sunny,
      now: 4,
      basis: { importW: 600, exportW: 900 },
    },
    {
      name: 'no export now: none expected, whatever the last minutes had',
      recent: [reading(0, 1000, 50), reading(4, 1040, 110)],
      power,
      now: 4,
      basis: { importW: 600, exportW: 0 },
    },
    {
      name: 'a reading that is too old says nothing',
      recent: [reading(0, 1), reading(4, 50)],
      power,
      now: 4 + BASIS_STALE_MS / MINUTE + 1,
      basis: undefined,
    },
  ])('$name', ({ recent, power: now, now: minutes, basis }) => {
    expect(measuredBasis(recent, now, minutes * MINUTE)).toEqual(basis)
  })
})

describe('persist', () => {
  it.each([
    { basis: { importW: 600, exportW: 0 }, slotLengthS: 900, slot: { importWh: 150, exportWh: 0 } },
    { basis: { importW: 0, exportW: 1_999 }, slotLengthS: 900, slot: { importWh: 0, exportWh: 499 } },
    { basis: { importW: 600, exportW: 0 }, slotLengthS: 3600, slot: { importWh: 600, exportWh: 0 } },
  ])('$basis over $slotLengthS s', ({ basis, slotLengthS, slot }) => {
    expect(persist(basis, slotLengthS)).toEqual(slot)
  })
})

describe('remember', () => {
  it('keeps the window and no more', () => {
    let recent: readonly CounterReading[] = []
    for (let minute = 0; minute <= 20; minute++) recent = remember(recent, reading(minute, minute))
    expect(recent.map((one) => one.atMs / MINUTE)).toEqual([15, 16, 17, 18, 19, 20])
  })
})

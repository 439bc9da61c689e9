import { describe, expect, it } from 'vitest'
import { civil, localMoment, weekday } from '../../src/core/calendar.ts'

describe('calendar', () => {
  it.each([
    { day: 0, year: 1970, month: 1, dayOfYear: 1, on: 4 },
    { day: -1, year: 1969, month: 12, dayOfYear: 365, on: 3 },
    { day: 11_016, year: 2000, month: 2, dayOfYear: 60, on: 2 }, // 29 February 2000
    { day: 11_322, year: 2000, month: 12, dayOfYear: 366, on: 0 },
    { day: 19_782, year: 2024, month: 2, dayOfYear: 60, on: 4 }, // 29 February 2024
    { day: 20_591, year: 2026, month: 5, dayOfYear: 138, on: 1 }, // 18 May 2026
    { day: 20_818, year: 2026, month: 12, dayOfYear: 365, on: 4 },
    { day: 20_819, year: 2027, month: 1, dayOfYear: 1, on: 5 },
  ])('knows day $day', ({ day, year, month, dayOfYear, on }) => {
    expect({ ...civil(day), on: weekday(day) }).toEqual({ year, month, dayOfYear, on })
  })

  it('has each day of 400 years once, in order', () => {
    let last = civil(-70_000)
    for (let day = -69_999; day < 76_098; day++) {
      const next = civil(day)
      const sameYear = next.year === last.year && next.dayOfYear === last.dayOfYear + 1
      const newYear = next.year === last.year + 1 && next.dayOfYear === 1 && last.dayOfYear >= 365
      if (!sameYear && !newYear) expect.fail(`day ${day}: ${JSON.stringify(last)} → ${JSON.stringify(next)}`)
      last = next
    }
    expect(last.year).toBe(2178)
  })

  it('moves midnight by the offset', () => {
    expect(localMoment(0, -18_000)).toEqual({ day: -1, secondOfDay: 68_400 })
    expect(localMoment(5 * 3_600_000, -18_000)).toEqual({ day: 0, secondOfDay: 0 })
  })
})

import { describe, expect, it } from 'vitest'
import { onPanels } from '../../src/core/irradiance.ts'
import { lightAt, seasonalC, sunAt, temperatureAt, type Weather, weatherSecond } from '../../src/core/weather.ts'
import { loadWeather } from '../../src/data.ts'

const day = loadWeather('sunny-day')
const irradianceAt = (of: typeof day, second: number) => lightAt(of, second, sunAt(of, second))
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

describe('the measured day', () => {
  it('is of 24 hours whose global and direct light were measured and whose diffuse light follows by closure', () => {
    expect(day.hours).toHaveLength(24)
    for (const hour of day.hours as unknown as readonly Record<string, unknown>[]) {
      const flags = [hour.ghiFlag, hour.dniFlag, hour.dhiFlag].map((flag) => String(flag)[0])
      expect(flags).toEqual(Number(hour.ghi) > 0 ? ['A', 'A', 'D'] : ['?', '?', '?'])
    }
  })

  it('closes: global is direct on the horizontal plus diffuse, as closely as hours can show', () => {
    for (const [i, { ghi, dni, dhi }] of day.hours.entries()) {
      if (dni === undefined || dhi === undefined) throw new Error('not measured')
      const { elevationDeg } = sunAt(day, (i + 0.5) * 3600)
      const closed = dni * Math.max(0, Math.sin((elevationDeg * Math.PI) / 180)) + dhi
      expect(Math.abs(closed - ghi), `hour ${i + 1}`).toBeLessThan(15)
    }
  })

  it('shows each hour its mean in the middle, and keeps the sum of the day in between', () => {
    for (const [i, { ghi, dni, dhi }] of day.hours.entries()) {
      expect(irradianceAt(day, (i + 0.5) * 3600)).toEqual({ ghi, dni, dhi })
    }
    const minutes = Array.from({ length: 1440 }, (_, i) => irradianceAt(day, i * 60 + 30))
    for (const of of ['ghi', 'dni', 'dhi'] as const) {
      const measured = sum(day.hours.map((hour) => hour[of] ?? Number.NaN))
      expect(sum(minutes.map((light) => light[of])) / 60).toBeCloseTo(measured, 6)
    }
  })

  it('is dark at night and never below zero', () => {
    for (const hour of [0, 3, 4.5, 20.5, 23.99]) {
      expect(irradianceAt(day, hour * 3600)).toEqual({ ghi: 0, dni: 0, dhi: 0 })
    }
  })

  it('has no cloud between 10 and 14 h', () => {
    for (let hour = 10; hour <= 14; hour += 0.25) expect(irradianceAt(day, hour * 3600).dni).toBeGreaterThan(700)
  })
})

describe('the measured winter day', () => {
  const winter = loadWeather('winter-day')

  it('is of 24 cold hours with sun from eight to five, and closes', () => {
    expect(winter.hours).toHaveLength(24)
    const temperatures = winter.hours.map(({ temperatureC = 99 }) => temperatureC)
    expect([Math.min(...temperatures), Math.max(...temperatures)]).toEqual([-22.7, -3.5])
    for (const [i, { ghi, dni = 0, dhi = 0 }] of winter.hours.entries()) {
      const { elevationDeg } = sunAt(winter, (i + 0.5) * 3600)
      expect(ghi > 0, `hour ${i + 1}`).toBe(i + 1 >= 8 && i + 1 <= 17)
      // the first and the last hour have the sun only for a part
      if (elevationDeg < 5) continue
      expect(Math.abs(dni * Math.sin((elevationDeg * Math.PI) / 180) + dhi - ghi), `hour ${i + 1}`).toBeLessThan(20)
    }
  })

  it('gives the temperature between the hours, around midnight too', () => {
    expect(temperatureAt(winter, 30 * 60)).toBeCloseTo(-16.9, 9)
    expect(temperatureAt(winter, 0)).toBeCloseTo((-16.9 - 16.5) / 2, 9)
    expect(temperatureAt(winter, 86_399.999)).toBeCloseTo((-16.9 - 16.5) / 2, 3)
  })
})

describe('weather of several days', () => {
  const hours = Array.from({ length: 72 }, (_, i) => ({ ghi: i, temperatureC: i }))
  const days: Weather = {
    ...{ firstDay: 20_000, midnightUtcS: 20_000 * 86_400, latitudeDeg: 52, longitudeDeg: 0 },
    hours,
  }

  it.each([
    { day: 20_000, second: 0 },
    { day: 20_002, second: 2 * 86_400 },
    { day: 20_003, second: 0 },
    { day: 19_999, second: 2 * 86_400 },
  ])('shows day $day its own', ({ day, second }) => {
    expect(weatherSecond(days, { day, secondOfDay: 60 })).toBe(second + 60)
  })

  it('goes on from one day to the next, and splits the light that was measured as a whole', () => {
    expect(temperatureAt(days, 86_400)).toBeCloseTo(23.5, 9)
    const noon = 86_400 + 12 * 3600
    const sun = sunAt(days, noon)
    const light = lightAt(days, noon, sun)
    expect(light.ghi).toBeCloseTo(35.5, 9)
    expect(light.dhi + light.dni * Math.sin((sun.elevationDeg * Math.PI) / 180)).toBeCloseTo(35.5, 9)
  })
})

describe('a year without measurements', () => {
  const year = { meanC: 9.5, yearAmplitudeK: 9, dayAmplitudeK: 4 }
  /** 20 January and 21 July 2026, and the hours that are the coldest and the warmest. */
  it.each([
    { day: 20_473, hour: 4, celsius: -3.5 },
    { day: 20_473, hour: 16, celsius: 4.5 },
    { day: 20_655, hour: 16, celsius: 22.5 },
  ])('is $celsius °C on day $day at $hour h', ({ day, hour, celsius }) => {
    expect(seasonalC(year, { day, secondOfDay: hour * 3600 })).toBeCloseTo(celsius, 1)
  })
})

describe('a measured day on tilted panels', () => {
  // get_solarposition and get_total_irradiance (isotropic) of pvlib 0.16.1, every five minutes, light interpolated as here
  it.each([
    { name: 'sunny-day', tiltDeg: 0, azimuthDeg: 180, whPerM2: 7590.3 },
    { name: 'sunny-day', tiltDeg: 30, azimuthDeg: 180, whPerM2: 6801.1 },
    { name: 'sunny-day', tiltDeg: 35, azimuthDeg: 90, whPerM2: 6510.0 },
    { name: 'sunny-day', tiltDeg: 35, azimuthDeg: 270, whPerM2: 6912.1 },
    { name: 'winter-day', tiltDeg: 30, azimuthDeg: 180, whPerM2: 6202.4 },
    { name: 'winter-day', tiltDeg: 90, azimuthDeg: 180, whPerM2: 6944.0 },
    { name: 'winter-day', tiltDeg: 35, azimuthDeg: 90, whPerM2: 3217.7 },
    { name: 'winter-day', tiltDeg: 30, azimuthDeg: 0, whPerM2: 442.9 },
  ])('$name gives $whPerM2 Wh/m² at $tiltDeg° to $azimuthDeg°', ({ name, tiltDeg, azimuthDeg, whPerM2 }) => {
    const measured = loadWeather(name)
    const each = Array.from({ length: 288 }, (_, i) => {
      const second = 300 * i + 150
      const sun = sunAt(measured, second)
      return sun.elevationDeg > 0 ? onPanels({ tiltDeg, azimuthDeg }, lightAt(measured, second, sun), sun) : 0
    })
    expect(Math.abs(sum(each) / 12 - whPerM2)).toBeLessThan(0.002 * whPerM2)
  })
})

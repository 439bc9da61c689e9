import { civil, type LocalMoment } from './calendar.ts'
import { decomposed, type Irradiance } from './irradiance.ts'
import { type SunPosition, sunPosition } from './sun.ts'

/** Mean of one hour: irradiances in W/m², and the air's temperature. */
export interface MeasuredHour {
  readonly ghi: number
  /** Where only the global irradiance was measured, direct and diffuse are taken from it. */
  readonly dni?: number | undefined
  readonly dhi?: number | undefined
  readonly temperatureC?: number | undefined
}

/** One or more measured days, one after the other, that repeat; see data/README.md. */
export interface Weather {
  /** Days since 1970-01-01 of the first of them, in the place's standard time, and its midnight in UTC seconds. */
  readonly firstDay: number
  readonly midnightUtcS: number
  readonly latitudeDeg: number
  readonly longitudeDeg: number
  /** 24 for each day: means of the hours that end at 1, 2 … 24 h. */
  readonly hours: readonly MeasuredHour[]
}

/** A year of temperatures without measurements: two waves around a mean. */
export interface SeasonalTemperature {
  readonly meanC: number
  readonly yearAmplitudeK: number
  readonly dayAmplitudeK: number
}

const DAY_S = 86_400
/** When the waves are lowest: about four weeks after the solstice, and before sunrise. */
const COLDEST_DAY_OF_YEAR = 20
const COLDEST_HOUR = 4

/** The second of the weather, from its first midnight on, that stands for a local moment. */
export function weatherSecond({ firstDay, hours }: Weather, { day, secondOfDay }: LocalMoment): number {
  const days = hours.length / 24
  return ((((day - firstDay) % days) + days) % days) * DAY_S + secondOfDay
}

/** Linear between the middles of the hours, which keeps the sum; after the last hour comes the first again. */
function mixed({ hours }: Weather, second: number, of: (hour: MeasuredHour) => number): number {
  const position = second / 3600 - 0.5
  const before = Math.floor(position)
  const share = position - before
  const from = hours[(before + hours.length) % hours.length]
  const to = hours[(before + 1) % hours.length]
  if (from === undefined || to === undefined) throw new RangeError('a day has 24 hours')
  return of(from) * (1 - share) + of(to) * share
}

/** Where the sun stood over the measured place at this second of the weather. */
export function sunAt({ midnightUtcS, latitudeDeg, longitudeDeg }: Weather, second: number): SunPosition {
  return sunPosition(midnightUtcS + second, latitudeDeg, longitudeDeg)
}

/** The irradiance at this second of the weather; what was not measured of it is estimated. */
export function lightAt(weather: Weather, second: number, sun: SunPosition): Irradiance {
  const ghi = mixed(weather, second, (hour) => hour.ghi)
  // all hours carry direct and diffuse, or none
  if (weather.hours[0]?.dni === undefined) {
    const { dayOfYear } = civil(weather.firstDay + Math.floor(second / DAY_S))
    return decomposed(ghi, sun, dayOfYear)
  }
  return { ghi, dni: mixed(weather, second, (h) => h.dni ?? 0), dhi: mixed(weather, second, (h) => h.dhi ?? 0) }
}

/** What the air is taken for where nobody measured it: where panels were rated. */
const UNKNOWN_C = 25

export function temperatureAt(weather: Weather, second: number): number {
  return mixed(weather, second, (hour) => hour.temperatureC ?? UNKNOWN_C)
}

export function seasonalC(of: SeasonalTemperature, { day, secondOfDay }: LocalMoment): number {
  const year = Math.cos((2 * Math.PI * (civil(day).dayOfYear - COLDEST_DAY_OF_YEAR)) / 365.25)
  const hour = Math.cos((2 * Math.PI * (secondOfDay / 3600 - COLDEST_HOUR)) / 24)
  return of.meanC - of.yearAmplitudeK * year - of.dayAmplitudeK * hour
}

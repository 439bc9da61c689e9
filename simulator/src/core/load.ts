import { civil, localMoment, weekday } from './calendar.ts'
import { normal } from './random.ts'

/** kWh per quarter hour, 96 a day, by month and kind of day; see data/README.md. */
export interface LoadProfile {
  readonly months: readonly Readonly<Record<'workday' | 'saturday' | 'sunday', readonly number[]>>[]
}

/** The yearly consumption that the profile is made for. */
const PROFILE_ANNUAL_KWH = 1_000_000

/** Spread of one household around the profile, as standard deviations of the logarithm, by quarter hour and by minute. */
const QUARTER_SPREAD = 0.25
const MINUTE_SPREAD = 0.35

/** The day factor F(t) of the BDEW's dynamic profiles; t is the day of the year. */
export function dayFactor(t: number): number {
  return -3.92e-10 * t ** 4 + 3.2e-7 * t ** 3 - 7.02e-5 * t ** 2 + 2.1e-3 * t + 1.24
}

/** What the profile says for this moment, W for each kWh of yearly consumption. */
export function profileLoadW(profile: LoadProfile, atMs: number, utcOffsetS: number): number {
  const { day, secondOfDay } = localMoment(atMs, utcOffsetS)
  const { month, dayOfYear } = civil(day)
  const kinds = { 0: 'sunday', 6: 'saturday' } as const
  const kind = kinds[weekday(day) as 0 | 6] ?? 'workday'
  const quarterKwh = profile.months[month - 1]?.[kind][Math.floor(secondOfDay / 900)]
  if (quarterKwh === undefined) throw new RangeError(`the load profile has no month ${month}, ${kind}`)
  return ((quarterKwh * 4000) / PROFILE_ANNUAL_KWH) * dayFactor(dayOfYear)
}

/** Log-normal with mean 1. */
function spread(deviation: number, ...from: readonly number[]): number {
  return Math.exp(deviation * normal(...from) - deviation ** 2 / 2)
}

/**
 * How much more or less than the profile one house draws in this minute: mean 1, above zero, and the same whenever it is
 * asked with the same seed and house.
 */
export function loadNoise(seed: number, house: number, atMs: number): number {
  const minute = Math.floor(atMs / 60_000)
  const quarter = Math.floor(minute / 15)
  return spread(QUARTER_SPREAD, seed, house, 15, quarter) * spread(MINUTE_SPREAD, seed, house, 1, minute)
}

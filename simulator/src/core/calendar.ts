/** What a local moment is in the calendar; the core has no clock and no zone of its own. */
export interface LocalMoment {
  /** Days since 1970-01-01. */
  readonly day: number
  readonly secondOfDay: number
}

const DAY_S = 86_400

/** The local moment of a UTC time where local time is UTC + `utcOffsetS`. */
export function localMoment(atMs: number, utcOffsetS: number): LocalMoment {
  const seconds = atMs / 1000 + utcOffsetS
  const day = Math.floor(seconds / DAY_S)
  return { day, secondOfDay: seconds - day * DAY_S }
}

/** 0 Sunday … 6 Saturday; 1970-01-01 was a Thursday. */
export function weekday(day: number): number {
  return (((day + 4) % 7) + 7) % 7
}

/** Year, month 1…12 and day of the year 1…366, proleptic Gregorian. */
export function civil(day: number): { readonly year: number; readonly month: number; readonly dayOfYear: number } {
  let year = 1970 + Math.floor(day / 365.2425)
  while (firstDayOf(year) > day) year--
  while (firstDayOf(year + 1) <= day) year++
  const dayOfYear = day - firstDayOf(year) + 1
  const lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  let left = dayOfYear
  let month = 1
  for (const length of lengths) {
    if (left <= length) break
    left -= length
    month++
  }
  return { year, month, dayOfYear }
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
}

/** 1 January of the year, in days since 1970-01-01. */
function firstDayOf(year: number): number {
  const before = year - 1
  const leaps = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400)
  return before * 365 + leaps - 719_162
}

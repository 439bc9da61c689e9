import { readFileSync } from 'node:fs'
import type { SunnyDay } from './core/irradiance.ts'
import type { LoadProfile } from './core/load.ts'
import type { World } from './core/street.ts'

function dataFile<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../data/${name}`, import.meta.url), 'utf8')) as T
}

/** The stored profile and the measured day, for a street with this seed and local time. */
export function loadWorld(seed: number, utcOffsetS: number): World {
  const day = dataFile<SunnyDay>('sunny-day.json')
  return {
    seed,
    utcOffsetS,
    profile: dataFile<LoadProfile>('household-h25.json'),
    day,
    dayMidnightUtcS: Date.parse(`${day.date}T00:00:00Z`) / 1000 - day.utcOffsetS,
  }
}

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault, readConfig } from '@wattfleet/protocol'
import type { HouseSpec } from './core/house.ts'
import type { LoadProfile } from './core/load.ts'
import type { World } from './core/street.ts'
import type { SeasonalTemperature, Weather } from './core/weather.ts'
import { weatherFile } from './weather-config.ts'

/** Measured days that are shipped; see data/README.md. */
const SHIPPED_WEATHER = ['sunny-day', 'winter-day']

const dataFile = (name: string) => new URL(`../data/${name}`, import.meta.url)

/** What the air and the sky do. */
export interface WorldOptions {
  /** The name of a shipped day, or a file; the sunny day where it is left out. */
  readonly weather?: string | undefined
  /** What a file's name counts from. */
  readonly folder?: string | undefined
  readonly temperature?: SeasonalTemperature | undefined
}

/** Throws Fault `config` for a file that is not weather. */
export function loadWeather(name = 'sunny-day', folder = '.'): Weather {
  const path = SHIPPED_WEATHER.includes(name) ? fileURLToPath(dataFile(`${name}.json`)) : resolve(folder, name)
  if (!existsSync(path)) {
    throw new Fault('config', `weather: expected ${SHIPPED_WEATHER.join(', ')} or a file; there is no ${path}`)
  }
  const { date, utcOffsetS, latitudeDeg, longitudeDeg, hours } = readConfig(path, weatherFile)
  const midnightMs = Date.parse(`${date}T00:00:00Z`)
  const midnightUtcS = midnightMs / 1000 - utcOffsetS
  return { firstDay: midnightMs / 86_400_000, midnightUtcS, latitudeDeg, longitudeDeg, hours }
}

/** The stored profile and measured weather, for a street with this seed and local time. Throws Fault `config`. */
export function loadWorld(seed: number, utcOffsetS: number, options: WorldOptions = {}): World {
  const { weather, folder, temperature } = options
  return {
    ...{ seed, utcOffsetS, temperature },
    profile: JSON.parse(readFileSync(dataFile('household-h25.json'), 'utf8')) as LoadProfile,
    weather: loadWeather(weather, folder),
  }
}

/** Throws Fault `config` where a house has to be heated and nobody says how cold it is. */
export function assertHeatable({ weather, temperature }: World, houses: readonly HouseSpec[]): void {
  if (temperature !== undefined || weather.hours[0]?.temperatureC !== undefined) return
  const heated = houses.find(({ heatPump }) => heatPump !== undefined)
  if (heated === undefined) return
  throw new Fault('config', `${heated.name}: a heat pump needs "temperature", or weather with temperatureC`)
}

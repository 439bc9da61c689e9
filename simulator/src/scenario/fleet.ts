import { z } from 'zod'
import { coefficientOfPerformance } from '../core/heat-pump.ts'
import { seedOf, uniform } from '../core/random.ts'
import { carConfig, heatPumpConfig, type houseSpec } from '../house-config.ts'

/*
 * Many houses from a few figures: what a load test of a utility needs. A fleet becomes houses, lines and devices like
 * those that a file writes down one by one.
 */

/** What one process was measured with, and some more. */
const MOST_HOUSES = 2_000
/** Units 1 to 247 of a line (Modbus over Serial Line 1.02, 2.2): a meter and an inverter for each house. */
const MOST_HOUSES_PER_LINE = 123
const DEVICES_PER_HOUSE = 2
/** Heat pumps are chosen so that they keep the house warm at this outdoor temperature. */
const DESIGN_C = -12
/** A household battery is charged in two hours. */
const BATTERY_HOURS = 2

const share = z.number().min(0).max(1)
/** The same for every house, or drawn between two bounds. */
const range = (least: number, most: number) => {
  const one = z.number().min(least).max(most)
  return z.union(
    [one, z.tuple([one, one]).refine(([from, to]) => from <= to, 'expected the smaller one first')],
    `expected a number from ${least} to ${most}, or [least, most]`,
  )
}

export const fleetConfig = z.strictObject({
  count: z.int().min(1).max(MOST_HOUSES),
  name: z
    .string()
    .regex(/^[\w.-]{1,20}$/, 'expected letters, digits, "_", "-" and "."')
    .default('house')
    .describe('Houses are called house-0001, their devices house-0001-meter and house-0001-inverter'),
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).describe('Of the first line; the others follow. 0: any free ones'),
  housesPerLine: z
    .int()
    .min(1)
    .max(MOST_HOUSES_PER_LINE)
    .default(1)
    .describe('Houses behind one port: the meter of the nth is unit 2n − 1, its inverter unit 2n'),
  model: z.string().default('eastron-sdm630').describe('Of the meters'),
  annualKwh: range(1, 100_000).default([1_500, 6_000]),
  pv: z
    .strictObject({
      share: share.default(0.4),
      peakW: range(100, 30_000).default([4_000, 12_000]),
      tiltDeg: range(0, 90).default([15, 45]),
      azimuthDeg: range(0, 359).default([110, 250]),
      eastWest: share
        .default(0.2)
        .describe('Share of these houses with half of the panels to the east and half to the west'),
    })
    .prefault({}),
  battery: z
    .strictObject({
      share: share.default(0.5).describe('Of the houses with pv'),
      capacityWh: range(500, 100_000).default([5_000, 12_000]),
    })
    .prefault({}),
  heatPump: z
    .strictObject({
      ...heatPumpConfig.omit({ powerW: true, heatLossWPerK: true }).shape,
      share: share.default(0.3),
      heatLossWPerK: range(20, 1_000).default([80, 220]),
    })
    .prefault({}),
  car: z
    .strictObject({
      ...carConfig.shape,
      share: share.default(0.25),
      kmPerDay: range(0, 1_000).default([10, 60]),
      charging: z
        .enum(['at-once', 'surplus', 'mixed'])
        .default('mixed')
        .describe('mixed: from surplus where there is pv'),
    })
    .prefault({}),
})

export type FleetConfig = z.infer<typeof fleetConfig>
type House = z.infer<typeof houseSpec>

/** A line of the fleet, and the houses behind it with their places on it. */
export interface FleetLine {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly houses: readonly House[]
}

type Range = number | readonly [number, number]

/** Draws of one house; each `what` is drawn once. */
function drawsOf(seed: number, name: string) {
  const house = seedOf(name)
  const drawn = (what: number) => uniform(seed, house, 4_000_000 + what)
  return {
    has: (of: number, what: number) => drawn(what) < of,
    /** Rounded to `unit`. */
    within: (of: Range, what: number, unit: number) => {
      if (typeof of === 'number') return of
      const [least, most] = of
      return Math.min(most, Math.max(least, Math.round((least + (most - least) * drawn(what)) / unit) * unit))
    },
  }
}

type Draws = ReturnType<typeof drawsOf>

function panelsOf({ pv }: FleetConfig, { has, within }: Draws): House['pv'] {
  const peakW = within(pv.peakW, 2, 100)
  const tiltDeg = within(pv.tiltDeg, 3, 1)
  if (!has(pv.eastWest, 4)) return { peakW, tiltDeg, azimuthDeg: within(pv.azimuthDeg, 5, 1) }
  return [90, 270].map((azimuthDeg) => ({ peakW: peakW / 2, tiltDeg, azimuthDeg }))
}

function heatPumpOf(
  { heatPump: { share: _, heatLossWPerK, ...rest } }: FleetConfig,
  { within }: Draws,
): House['heatPump'] {
  const lossWPerK = within(heatLossWPerK, 8, 5)
  const heatW = lossWPerK * (rest.setPointC - DESIGN_C) - rest.gainsW
  const electricW = heatW / coefficientOfPerformance(rest.emitter, DESIGN_C)
  return { ...rest, heatLossWPerK: lossWPerK, powerW: Math.max(500, Math.ceil(electricW / 100) * 100) }
}

function houseOf(fleet: FleetConfig, seed: number, name: string): House {
  const draws = drawsOf(seed, name)
  const { has, within } = draws
  const hasPv = has(fleet.pv.share, 1)
  const capacityWh = within(fleet.battery.capacityWh, 7, 500)
  const { share: carShare, charging, kmPerDay, ...car } = fleet.car
  const whenSunny = hasPv ? 'surplus' : 'at-once'
  return {
    name,
    annualKwh: within(fleet.annualKwh, 0, 50),
    ...(hasPv && { pv: panelsOf(fleet, draws), inverter: {} }),
    ...(hasPv && has(fleet.battery.share, 6) && { battery: { capacityWh, powerW: capacityWh / BATTERY_HOURS } }),
    ...(has(fleet.heatPump.share, 9) && { heatPump: heatPumpOf(fleet, draws) }),
    ...(has(carShare, 10) && {
      car: { ...car, kmPerDay: within(kmPerDay, 11, 1), charging: charging === 'mixed' ? whenSunny : charging },
    }),
  }
}

/** The lines of a fleet with their houses; the same seed and name give the same house, however many there are. */
export function fleetLines(fleet: FleetConfig, seed: number): FleetLine[] {
  const { count, name, host, port, housesPerLine } = fleet
  const numbered = (i: number) => `${name}-${String(i + 1).padStart(4, '0')}`
  const houses = Array.from({ length: count }, (_, i) => houseOf(fleet, seed, numbered(i)))
  return Array.from({ length: Math.ceil(count / housesPerLine) }, (_, i) => ({
    name: housesPerLine === 1 ? numbered(i) : `${name}-line-${String(i + 1).padStart(4, '0')}`,
    host,
    port: port === 0 ? 0 : port + i,
    houses: houses.slice(i * housesPerLine, (i + 1) * housesPerLine),
  }))
}

/** The units of the house at this place of its line. */
export function unitsAt(place: number): { readonly meter: number; readonly inverter: number } {
  return { meter: DEVICES_PER_HOUSE * place + 1, inverter: DEVICES_PER_HOUSE * place + 2 }
}

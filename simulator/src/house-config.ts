import { z } from 'zod'
import { DC_TO_AC_RATIO } from './core/inverter.ts'
import { peakWOf } from './core/panels.ts'

/*
 * What a configuration says of a house; the parts are those of `HouseSpec`.
 */

/** Inverters of households end well below what an int16 of watts can show. */
const MOST_PEAK_W = 30_000
/** A house has a roof, a façade or two, and a garage. */
const MOST_PLANES = 8

const hour = z.number().min(0).max(24)
const efficiency = z.number().min(0.5).max(1)

const plane = z.strictObject({
  peakW: z.number().positive().max(MOST_PEAK_W).describe('Under standard test conditions'),
  tiltDeg: z.number().min(0).max(90).describe('From the horizontal'),
  azimuthDeg: z.number().min(0).lt(360).describe('From north, clockwise: 180 looks south'),
  temperatureCoefficient: z
    .number()
    .min(-0.01)
    .max(0)
    .optional()
    .describe('Of power, for each kelvin of the cells above 25 °C; without it their temperature is left out'),
})

export const inverterConfig = z.strictObject({
  limitW: z.number().positive().max(MOST_PEAK_W).optional().describe(`Of AC; peak power over ${DC_TO_AC_RATIO}`),
  // at two thirds of its power the curve is 0.3% above what it is at the limit, and nothing gives more than it takes
  efficiency: z.number().min(0.5).max(0.99).optional().describe('At that limit; of less power it loses a larger share'),
  feedInLimitW: z.number().min(0).optional().describe('Most that the house feeds in; 0: nothing'),
})

export const batteryConfig = z
  .strictObject({
    capacityWh: z.number().positive().max(1_000_000),
    powerW: z.number().positive().max(MOST_PEAK_W).describe('Largest charging and discharging power at its terminals'),
    roundTripEfficiency: efficiency.optional().describe('What comes out over what went in'),
    reserveWh: z.number().min(0).optional().describe('Kept for a power cut'),
  })
  .refine(({ capacityWh, reserveWh = 0 }) => reserveWh <= capacityWh, {
    path: ['reserveWh'],
    message: 'expected no more than capacityWh',
  })

export const heatPumpConfig = z.strictObject({
  powerW: z.number().positive().max(20_000).describe('Electric, while it runs'),
  emitter: z.enum(['floor', 'radiator']).default('floor'),
  heatLossWPerK: z.number().positive().max(5_000).describe('Of the building, for each kelvin'),
  timeConstantH: z.number().min(1).max(1_000).default(60).describe('In which the building cools by 63%'),
  setPointC: z.number().min(5).max(30).default(20),
  gainsW: z.number().min(0).max(5_000).default(300).describe('Heat of people, devices and sun, on average'),
  minimumRunS: z.number().min(0).max(7_200).default(600),
})

export const carConfig = z
  .strictObject({
    capacityWh: z.number().positive().max(300_000).default(60_000),
    chargeW: z.number().min(1_380).max(22_000).default(11_000).describe('Most that wall box and car take'),
    kmPerDay: z.number().min(0).max(1_000).default(35).describe('Mean of the days on which it drives'),
    whPerKm: z.number().positive().max(1_000).default(180),
    drivingDays: z.number().min(0).max(1).default(0.8).describe('Share of the days'),
    leavesAtH: hour.default(7.5),
    returnsAtH: hour.default(17.5),
    charging: z.enum(['at-once', 'surplus']).default('at-once'),
  })
  .refine(({ leavesAtH, returnsAtH }) => leavesAtH < returnsAtH, {
    path: ['returnsAtH'],
    message: 'expected later than leavesAtH: a trip belongs to one day',
  })

export const houseShape = {
  /** Names the house in logs and seeds its noise; keep it, or the house becomes another. */
  name: z.string().min(1).max(32),
  annualKwh: z.number().positive().max(100_000).describe('Of everything but heat pump and car'),
  pv: z
    .union(
      [plane, z.array(plane).min(1).max(MOST_PLANES)],
      `expected { peakW, tiltDeg, azimuthDeg }, or a list of them`,
    )
    .refine((pv) => peakWOf(pv) <= MOST_PEAK_W, `expected planes of at most ${MOST_PEAK_W} W together`)
    .optional(),
  inverter: inverterConfig.optional(),
  battery: batteryConfig.optional(),
  heatPump: heatPumpConfig.optional(),
  car: carConfig.optional(),
}

type Parts = { readonly battery?: unknown; readonly inverter?: unknown; readonly pv?: unknown }

/** Battery and inverter belong to panels. */
export const needsPanels = (part: 'battery' | 'inverter') => (house: Parts) =>
  house[part] === undefined || house.pv !== undefined
export const ALONE = {
  battery: {
    path: ['battery'],
    message: 'a battery sits behind the inverter of the photovoltaics: expected pv as well',
  },
  inverter: { path: ['inverter'], message: 'the inverter is that of the photovoltaics: expected pv as well' },
}

/** A house without the ports of its devices. */
export const houseSpec = z
  .strictObject(houseShape)
  .refine(needsPanels('battery'), ALONE.battery)
  .refine(needsPanels('inverter'), ALONE.inverter)

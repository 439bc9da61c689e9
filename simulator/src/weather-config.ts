import { z } from 'zod'

const irradiance = z.number().min(0).max(1_500)
const celsius = z.number().min(-90).max(60)

/** A file of measured weather has at most a year. */
const MOST_HOURS = 24 * 366

/** Instead of what was measured: the mean of the year, and how far summer and afternoon are from it. */
export const temperatureConfig = z.strictObject({
  meanC: celsius,
  yearAmplitudeK: z.number().min(0).max(40).default(9),
  dayAmplitudeK: z.number().min(0).max(20).default(4),
})

const hour = z.looseObject({
  ghi: irradiance.describe('Global horizontal, W/m²'),
  dni: irradiance.optional().describe('Direct normal; without it and dhi both are taken from ghi'),
  dhi: irradiance.optional().describe('Diffuse horizontal'),
  temperatureC: celsius.optional(),
})

const everyHourOrNone = (hours: readonly object[], key: string) =>
  hours.every((one) => key in one) || hours.every((one) => !(key in one))

/** Measured days of a place; what else a file says is for its readers. */
export const weatherFile = z.looseObject({
  date: z.iso.date().describe('The first day, in the standard time of the place'),
  utcOffsetS: z.int().min(-50_400).max(50_400),
  latitudeDeg: z.number().min(-90).max(90),
  longitudeDeg: z.number().min(-180).max(180).describe('East is positive'),
  hours: z
    .array(hour)
    .min(24)
    .max(MOST_HOURS)
    .refine((hours) => hours.length % 24 === 0, 'expected whole days of 24 hours')
    .refine(
      (hours) => hours.every((one) => (one.dni === undefined) === (one.dhi === undefined)),
      'expected dni and dhi together',
    )
    .refine((hours) => everyHourOrNone(hours, 'dni'), 'expected dni and dhi in every hour or in none')
    .refine((hours) => everyHourOrNone(hours, 'temperatureC'), 'expected temperatureC in every hour or in none'),
})

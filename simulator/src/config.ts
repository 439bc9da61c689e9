import { z } from 'zod'
import { faultSpec } from './faults/spec.ts'
import { ALONE, houseShape, needsPanels } from './house-config.ts'
import { temperatureConfig } from './weather-config.ts'

const port = z.int().min(0).max(65_535)

/** Where faults are given and taken back over HTTP, on the loopback interface. */
export const controlConfig = z.strictObject({
  port,
  /** Asked for as `Authorization: Bearer …`. */
  token: z.string().min(8).max(256).optional(),
})

const house = z
  .strictObject({
    ...houseShape,
    /** The SDM630's; 0 takes any free port. */
    meterPort: port,
    /** The SunSpec inverter's; for houses with photovoltaics. */
    inverterPort: port.optional(),
  })
  .refine(needsPanels('battery'), ALONE.battery)
  .refine(needsPanels('inverter'), ALONE.inverter)
  .refine((value) => (value.pv === undefined) === (value.inverterPort === undefined), {
    path: ['inverterPort'],
    message: 'expected exactly where there is pv',
  })

export const simulatorConfig = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  /** Where counters and batteries are kept, so that a restart goes on where it stopped. */
  stateDir: z.string().min(1),
  /** Seeds the noise of the loads and the first counters. */
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  /** Local time of the street is UTC plus this; weather and load profile follow it. */
  utcOffsetS: z.int().min(-50_400).max(50_400).default(0),
  /** A measured day that is shipped, or a file of measured weather. */
  weather: z.string().min(1).optional(),
  temperature: temperatureConfig.optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  control: controlConfig.optional(),
  /** Devices are called `<house>-meter` and `<house>-inverter`; times count from the start, in real time. */
  faults: z.array(faultSpec).default([]),
  houses: z
    .array(house)
    .min(1)
    .max(1000)
    .refine((houses) => new Set(houses.map(({ name }) => name)).size === houses.length, 'expected different names'),
})

export type SimulatorConfig = z.infer<typeof simulatorConfig>
export type SimulatorConfigInput = z.input<typeof simulatorConfig>
export type HouseConfig = SimulatorConfig['houses'][number]

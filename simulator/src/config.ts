import { z } from 'zod'
import { faultSpec } from './faults/spec.ts'

const port = z.int().min(0).max(65_535)

/** Inverters of households end well below what an int16 of watts can show. */
const MOST_PEAK_W = 30_000

/** Where faults are given and taken back over HTTP, on the loopback interface. */
export const controlConfig = z.strictObject({
  port,
  /** Asked for as `Authorization: Bearer …`. */
  token: z.string().min(8).max(256).optional(),
})

const houseShape = {
  /** Names the house in logs and seeds its noise; keep it, or the house becomes another. */
  name: z.string().min(1).max(32),
  /** Yearly consumption. */
  annualKwh: z.number().positive().max(100_000),
  pv: z
    .strictObject({
      /** Under standard test conditions. */
      peakW: z.number().positive().max(MOST_PEAK_W),
      tiltDeg: z.number().min(0).max(90),
      /** From north, clockwise: 180 looks south. */
      azimuthDeg: z.number().min(0).lt(360),
    })
    .optional(),
  battery: z
    .strictObject({
      capacityWh: z.number().positive().max(1_000_000),
      /** Largest charging and discharging power at its terminals. */
      powerW: z.number().positive().max(MOST_PEAK_W),
    })
    .optional(),
}

const hasPanelsToo = (value: { battery?: unknown; pv?: unknown }) =>
  value.battery === undefined || value.pv !== undefined
const BATTERY_ALONE = {
  path: ['battery'],
  message: 'a battery sits behind the inverter of the photovoltaics: expected pv as well',
}

/** A house without the ports of its devices. */
export const houseSpec = z.strictObject(houseShape).refine(hasPanelsToo, BATTERY_ALONE)

const house = z
  .strictObject({
    ...houseShape,
    /** The SDM630's; 0 takes any free port. */
    meterPort: port,
    /** The SunSpec inverter's; for houses with photovoltaics. */
    inverterPort: port.optional(),
  })
  .refine(hasPanelsToo, BATTERY_ALONE)
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
  /** Local time of the street is UTC plus this; the sunny day and the load profile follow it. */
  utcOffsetS: z.int().min(-50_400).max(50_400).default(0),
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

import {
  canBeInverter,
  canBeMeter,
  type DeviceModel,
  modelIds,
  shippedModel,
  TELEGRAM_MODELS,
} from '@wattfleet/devices'
import { HOUSE_CONNECTION_W, SERIAL, SERIAL_FORM } from '@wattfleet/protocol'
import { z } from 'zod'

const port = z.int().min(1).max(65_535)
/** A device behind a network address, or on a serial port. */
const device = {
  host: z.string().min(1).default('127.0.0.1'),
  port: port.optional(),
  /** `rtu`: a simple serial server that carries the frames of the serial line as they are. */
  framing: z.enum(['tcp', 'rtu']).default('tcp'),
  serial: z
    .strictObject({
      /** Such as `/dev/ttyUSB0`. */
      path: z.string().min(1),
      /** Where they are not as the device left the factory. */
      baudRate: z.int().min(300).max(921_600).optional(),
      parity: z.enum(['none', 'even', 'odd']).optional(),
      stopBits: z.union([z.literal(1), z.literal(2)]).optional(),
    })
    .optional(),
  /** Where others may read the device's line, over Modbus TCP: many devices accept one connection only. */
  share: z.strictObject({ host: z.string().min(1).default('127.0.0.1'), port }).optional(),
  /** Modbus unit id. */
  unit: z.int().min(1).max(247).default(1),
  /** How long one answer may take, of the wall. */
  timeoutMs: z.int().min(10).max(60_000).default(1_000),
  /** How late an answer may still come on a line where nothing tells which request it is to. */
  maxReplyDelayMs: z.int().min(10).max(60_000).default(2_000),
}
interface Place {
  readonly port?: number | undefined
  readonly serial?: object | undefined
}
const isSomewhere = ({ port, serial }: Place) => (port === undefined) !== (serial === undefined)
const SOMEWHERE = {
  error: ({ input }: { input?: unknown }) => {
    const isTwice = (input as Place).port !== undefined
    return `expected a port (with its host) or a serial line${isTwice ? ', and not both' : ''}`
  },
}

/** Whether a model is one that there is. */
const isKnown =
  (...others: readonly string[]) =>
  (model: string) =>
    [...modelIds(), 'sunspec', ...others].includes(model)
const UNKNOWN = {
  error: ({ input }: { input?: unknown }) => `there is no model ${input}; wattfleet-devices models lists them`,
}

/** A model that ships is one of a device that this can be; the others say what they are themselves. */
const fits = (canBe: (model: DeviceModel) => boolean) => (model: string) =>
  !modelIds().includes(model) || canBe(shippedModel(model))
const NO_METER = {
  error: ({ input }: { input?: unknown }) => `${input} shows no energy of a grid connection: it cannot be its meter`,
}
const NO_INVERTER = {
  error: ({ input }: { input?: unknown }) => `${input} shows no power at its AC side: it is no inverter`,
}

const priceMicro = z.int().min(0).max(0xffff_ffff)

const meter = z
  .strictObject({
    ...device,
    /**
     * One of the models that `wattfleet-devices models` lists, or `sunspec`; `sml` or `obis-text` for what a meter pushes
     * through an infrared head on a serial line.
     */
    model: z
      .string()
      .refine(isKnown(...Object.keys(TELEGRAM_MODELS)), UNKNOWN)
      .refine(fits(canBeMeter), NO_METER)
      .default('eastron-sdm630'),
    /** False where the house cannot feed in and its meter has no counter for it. */
    feedsIn: z.boolean().default(true),
    /** The most that the connection's fuses carry, W. */
    mostW: z.int().min(1_000).max(1_000_000).default(HOUSE_CONNECTION_W),
  })
  .refine(isSomewhere, SOMEWHERE)
  .refine(({ model, serial }) => serial !== undefined || !(model in TELEGRAM_MODELS), {
    path: ['serial'],
    message: 'expected the serial line of the infrared head',
  })

const inverter = z
  .strictObject({
    ...device,
    /** `sunspec`, or one of the models that show an inverter's power. */
    model: z.string().refine(isKnown(), UNKNOWN).refine(fits(canBeInverter), NO_INVERTER).default('sunspec'),
  })
  .refine(isSomewhere, SOMEWHERE)

/** The gateway's configuration file. */
export const agentConfigSchema = z.strictObject({
  /** Keys, grant and outbox: for this gateway alone. */
  stateDir: z.string().min(1),
  /** The installer's claim: read while there is no grant; another one than before, at a start or while it is shut out, begins a new enrolment. */
  claimPath: z.string().min(1),
  /** What the utility's manifest calls this gateway; without it what `serialPath` holds. */
  serial: z.string().regex(SERIAL, SERIAL_FORM).optional(),
  /** Where the maker's serial is read; the default is a Raspberry Pi's. */
  serialPath: z.string().min(1).default('/proc/device-tree/serial-number'),
  /** Without it what the grant or a configuration from afar says; where neither does, nothing is read. */
  meter: meter.optional(),
  inverter: inverter.optional(),
  strategy: z
    .strictObject({
      /** Most this house pays per kWh, fees included: below a retail price of 0.30. */
      bidMicro: priceMicro.default(280_000),
      /** Least this house wants per kWh, before fees: above a feed-in tariff of 0.08. */
      offerMicro: priceMicro.default(120_000),
      horizonSlots: z.int().min(1).max(96).default(4),
      minimumWh: z.int().min(1).max(1_000_000).default(20),
    })
    .prefault({}),
  /** Between two readings, of the clock. */
  pollS: z.number().min(1).max(3_600).default(30),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
})

export type AgentConfig = z.infer<typeof agentConfigSchema>
/** Where a device is and how it is asked. */
export type DeviceConfig = MeterConfig | InverterConfig
export type MeterConfig = z.infer<typeof meter>
export type InverterConfig = z.infer<typeof inverter>

export const DEVICES = ['meter', 'inverter'] as const
/** The devices by themselves, as the file would name them. */
export const devicesSchema = z.strictObject({ meter: meter.optional(), inverter: inverter.optional() })

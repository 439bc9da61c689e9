import { z } from 'zod'

const port = z.int().min(1).max(65_535)
const device = {
  host: z.string().min(1).default('127.0.0.1'),
  port,
  /** Modbus unit id. */
  unit: z.int().min(1).max(247).default(1),
  /** How long one answer may take, of the wall. */
  timeoutMs: z.int().min(10).max(60_000).default(1_000),
}
const priceMicro = z.int().min(0).max(0xffff_ffff)

/** The gateway's configuration file. */
export const agentConfigSchema = z.strictObject({
  /** Keys, grant and outbox: for this gateway alone. */
  stateDir: z.string().min(1),
  /** The installer's claim; read only while there is no grant. */
  claimPath: z.string().min(1),
  meter: z.strictObject({ ...device, model: z.string().min(1).default('eastron-sdm630') }),
  inverter: z.strictObject({ ...device, model: z.literal('sunspec').default('sunspec') }).optional(),
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

import { MAX_DOWN_BYTES } from '@wattfleet/protocol'
import { z } from 'zod'

const positive = () => z.int().min(1)

/** Every limit of the broker with its default, and why it is there. */
export const limitsSchema = z.strictObject({
  /** Longest MQTT packet from a gateway: signed payloads end at 512 bytes and a status at a few hundred; the rest is room. */
  gatewayPacketBytes: positive().default(8 * 1024),
  /** Longest MQTT packet from a hub: the longest down message, its topic and the headers. */
  hubPacketBytes: positive().default(MAX_DOWN_BYTES + 512),
  /** All open connections: bounds what strangers can hold before their certificate is checked. */
  connections: positive().default(10_000),
  /** Open connections of one certificate. One is in use and one takes it over; when there are more, the oldest goes. */
  connectionsPerClient: positive().default(3),
  /** Each of the TLS handshake and the MQTT CONNECT must be there within this time. */
  connectTimeoutMs: positive().default(10_000),
  /** Longest keep-alive a client may ask for, s: a dead connection is noticed after one and a half times that. */
  keepaliveMaxS: positive().default(300),
  /** Topics use six levels. The others are room for mistakes, which then get a refusal and not a cut. */
  topicLevels: positive().max(100).default(10),
  /** Messages kept for one client that is away or slow. Beyond it none is kept: receipts and notices are sent again by rule. */
  queuedPerClient: positive().default(1_000),
  /** Packets taken from one connection while its CONNECT is still being answered. */
  queuedBeforeConnack: positive().default(42),
  /** A subscriber that takes nothing for this long is cut, because it holds up the others for as long. */
  drainTimeoutMs: positive().default(10_000),
  /** Messages that the broker routes at the same time. */
  concurrency: positive().default(100),
  /** What one gateway may publish in the long run, messages per second: slots last minutes, a message retry seconds. */
  messagesPerSecond: z.number().positive().default(20),
  /** What one gateway may publish at once: a day of slots after an outage. */
  messageBurst: positive().default(200),
  /** A connection that has sent so much ahead that a message would wait longer than this is cut. */
  paceWaitMaxMs: positive().default(30_000),
  /** How often open connections are held against the list of revoked certificates: they are to be cut within 5 s. */
  revocationSweepMs: positive().default(2_000),
})

export type BrokerLimits = z.infer<typeof limitsSchema>

export const brokerConfig = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(8883),
  /** PEM: the only CA whose certificates are admitted. */
  caPath: z.string().min(1),
  /** PEM: the broker's own certificate and key. */
  certPath: z.string().min(1),
  keyPath: z.string().min(1),
  /** A text file of revoked certificates: one SHA-256 fingerprint (hex, colons allowed) a line, `#` starts a comment. Read again when it changes. */
  revokedPath: z.string().min(1).optional(),
  /**
   * Several broker processes that are one: sessions, queues and messages go through this Redis, `redis://` or `rediss://`.
   * Wants the optional packages of broker/package.json. Whoever reaches it is trusted with everything. Absent: one process.
   */
  redis: z.strictObject({ url: z.url({ protocol: /^rediss?$/ }) }).optional(),
  /** Plain HTTP with /healthz and /metrics; absent: none. */
  status: z.strictObject({ host: z.string().min(1).default('127.0.0.1'), port: z.int().min(0).max(65_535) }).optional(),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  limits: limitsSchema.prefault({}),
})

export type BrokerConfig = z.infer<typeof brokerConfig>

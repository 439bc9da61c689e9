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
  /** TLS handshakes begun a second, all together: each costs milliseconds of a core that the connected need. */
  handshakesPerSecond: z.number().positive().default(50),
  /** Handshakes begun at once after a quiet time. */
  handshakeBurst: positive().default(50),
  /** Connections that wait for their handshake: ten seconds of them, which is less than a gateway's patience (15 s). */
  handshakesWaiting: positive().default(500),
  /** What a connection may send until its CONNECT is accepted: that packet, and little on top of it. */
  bytesBeforeLogin: positive().default(16 * 1024),
  /** What one gateway may send in the long run, bytes per second, each packet with some overhead: ten full orders take a third. */
  bytesPerSecond: positive().default(32 * 1024),
  /** What one gateway may send at once, bytes: a day of slots after an outage. */
  byteBurst: positive().default(256 * 1024),
  /** Open connections of one certificate. One is in use and one takes it over; when there are more, the oldest goes. */
  connectionsPerClient: positive().default(3),
  /** Each of the TLS handshake and the MQTT CONNECT must be there within this time. */
  connectTimeoutMs: positive().default(10_000),
  /** Longest keep-alive a client may ask for, s: a dead connection is noticed after one and a half times that. */
  keepaliveMaxS: positive().default(300),
  /** Topics use six levels. The others are room for mistakes, which then get a refusal and not a cut. */
  topicLevels: positive().max(100).default(10),
  /** Messages kept for one gateway that is away or slow. Beyond it none is kept: receipts and notices are sent again by rule. */
  queuedPerClient: positive().default(1_000),
  /** The same for a hub or a utility, for whom all gateways' messages wait: as many as a hub takes in at once. */
  queuedPerHub: positive().default(10_000),
  /** Messages of QoS 1 on their way to one gateway and not acknowledged; the others wait here for their turn. */
  inFlight: positive().max(1_000).default(20),
  /** Packets taken from one connection while its CONNECT is still being answered. */
  queuedBeforeConnack: positive().default(42),
  /** A subscriber that takes nothing, or acknowledges nothing while more waits for it, for this long is cut. */
  drainTimeoutMs: positive().default(10_000),
  /** What may lie here unread by one gateway, bytes: it is never waited for, and beyond this it is cut. */
  unreadBytes: positive().default(1024 * 1024),
  /** Messages that the broker routes at the same time. */
  concurrency: positive().default(100),
  /** What one gateway may publish in the long run, messages per second: slots last minutes, a message retry seconds. */
  messagesPerSecond: z.number().positive().default(10),
  /** What one gateway may publish at once: a day of slots after an outage. */
  messageBurst: positive().default(200),
  /** A connection that has sent so much ahead that a message would wait longer than this is cut. */
  paceWaitMaxMs: positive().default(30_000),
  /**
   * A session whose client did not connect for so long is given up with what waits for it, days. By then that is worth
   * nothing: the first messages of its queue's limit, receipts and trades of slots long settled, configuration and commands
   * that have expired. The agent sends again what has no receipt, and is told anew what is in force.
   */
  sessionDays: positive().max(365).default(30),
  /**
   * No session is given up sooner than this after the broker's start, when whoever had waited comes back, after a step of
   * the wall clock, which may be wrong, and after its certificate was refused first, ms: a list may be wrong for a moment,
   * and what is given up is gone.
   */
  sessionGraceMs: positive().default(60 * 60_000),
  /** How often sessions are held against these two, ms. */
  sessionSweepMs: positive().default(60_000),
  /** How often open connections are held against the lists of certificates: they are to be cut within 5 s. */
  revocationSweepMs: positive().default(2_000),
})

export type BrokerLimits = z.infer<typeof limitsSchema>

const brokerFile = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(8883),
  /** PEM: the roots whose certificates are admitted, and no others. This and the next two are read again when they change. */
  caPath: z.string().min(1),
  /** PEM: the broker's own certificate, with its issuing CA after it, and its key. */
  certPath: z.string().min(1),
  keyPath: z.string().min(1),
  /** A text file of revoked certificates: one SHA-256 fingerprint (hex, colons allowed) a line, `#` starts a comment. Read again when it changes. */
  revokedPath: z.string().min(1).optional(),
  /**
   * The registry: a text file of the same form with every gateway's certificate that may connect; one that is not in it
   * may not, whoever signed it. Hubs and utilities, which no registry lists, are not held against it. Absent: no registry.
   */
  registryPath: z.string().min(1).optional(),
  /** Where sessions are kept: subscriptions and what waits for those who are away. Absent: in memory, and gone with the process. */
  stateDir: z.string().min(1).optional(),
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

export const brokerConfig = brokerFile.refine(({ redis, stateDir }) => redis === undefined || stateDir === undefined, {
  path: ['redis'],
  message: 'expected redis or stateDir, not both: sessions are kept in one place',
})

export type BrokerConfig = z.infer<typeof brokerConfig>

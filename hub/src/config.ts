import { z } from 'zod'
import { gatewayConfig } from './gateway/config.ts'

export const ROLES = ['intake', 'relay', 'orderbook', 'match', 'settle', 'gateway'] as const
export type Role = (typeof ROLES)[number]

const path = z.string().min(1)

/** Who may tell, and where, that a block with orders was made. It is a hint: nothing is believed of it but that. */
const pushConfig = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: z.int().min(0).max(65_535).default(8081).describe('Port to listen on; 0 takes a free one.'),
  nodeKeys: z
    .array(z.string().regex(/^[0-9a-f]{64}$/, 'expected a key of 64 hex digits'))
    .min(1)
    .max(64)
    .describe('Ed25519 keys of the nodes: what they have under key type wfpu.'),
})
export type PushConfig = z.infer<typeof pushConfig>

/** How a hub is configured: schema beside defaults. Seeds are files of 64 hex digits, so that no secret stands here. */
export const hubConfig = z
  .strictObject({
    roles: z
      .array(z.enum(ROLES))
      .min(1)
      .default([...ROLES])
      .describe('What this process does; those of one hub share stateDir.'),
    community: z.int().min(0).max(0xffff_ffff).describe('The one community this hub serves.'),
    stateDir: path.describe('Folder of inbox.sqlite, index.sqlite and what the accounts have under way.'),
    brokerUrl: z.url({ protocol: /^mqtts$/ }).describe('mqtts://host:port'),
    caPath: path.describe("PEM of the utility's CA."),
    certPath: path.describe("PEM of the hub's certificate; its common name is the MQTT client id."),
    keyPath: path.describe("PEM of the certificate's key."),
    hubSeedPath: path.describe('Ed25519 seed that signs receipts and notices.'),
    chainEndpoints: z
      .array(z.url({ protocol: /^wss?$/ }))
      .min(1)
      .max(16)
      .describe('ws://host:port of nodes of one chain, in the order in which they are tried.'),
    seeds: z.strictObject({
      relayer: path.describe('Seed of the relayer account.'),
      matchingEngine: path.describe('Seed of the matching engine account.'),
      settlementEngine: path.describe('Seed of the settlement engine account.'),
    }),
    siteNames: z
      .record(z.string().regex(/^[0-9a-f]{32}$/, 'expected a site id of 32 hex digits'), z.string().min(1).max(64))
      .default({})
      .describe('What the page calls a site, by its id. Personal data: it stays in this process.'),
    refusedKeysPath: path
      .optional()
      .describe(
        "The utility's list of signing keys whose gateways may not trade now, one a line, hex; read again when it changes. Absent: only the chain says who may.",
      ),
    push: pushConfig
      .optional()
      .describe(
        'Where nodes post the orders of blocks that are not final yet; absent: nowhere. With the role orderbook.',
      ),
    messagesPerSecond: z.number().positive().default(20).describe('What one gateway may send in the long run.'),
    messageBurst: z.int().min(1).default(400).describe('What one gateway may send at once.'),
    http: gatewayConfig.prefault({}),
    logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .refine(({ roles, push }) => push === undefined || roles.includes('orderbook'), {
    path: ['push'],
    message: 'expected the role orderbook beside it: that is what listens',
  })

export type HubConfig = z.infer<typeof hubConfig>

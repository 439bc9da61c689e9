import { join } from 'node:path'
import type { EmbeddedConfig } from '@wattfleet/chain'
import { type CommunityRules, DEFAULT_RULES } from '@wattfleet/protocol'
import { admittedPath, LOOPBACK_HOSTS, refusedKeysBeside, refusedPath } from '@wattfleet/provisioning'
import { sixHouses } from '@wattfleet/simulator'
import type { StreetOptions } from './options.ts'
import type { Part } from './processes.ts'
import { pseudonyms, ROLES, type Secrets } from './secrets.ts'

/** The street begins at ten in the morning of the measured sunny day; its local time is UTC. */
export const STREET_BEGINS_MS = Date.parse('2026-05-16T10:00:00Z')
const COMMUNITY = 1
/** What each member is given to begin with: a hundred, in nano. */
const FUNDS_NANO = '100000000000'
/** What the settlement engine has at stake, in nano: ten. It is given twice as much, so that it can post it once more. */
const ENGINE_BOND_NANO = 10_000_000_000
const SEED = 2026
/** Street seconds between blocks that nobody asked for: one second at thirty times real time. */
const BLOCK_INTERVAL_MS = 30_000

/**
 * The phases of the street's community. At thirty times real time a block takes about a second, thirty seconds of the
 * street: gate closure, match deadline and execution are as near to the slot as two blocks' time allows.
 */
export const STREET_RULES: CommunityRules = {
  ...DEFAULT_RULES,
  community: COMMUNITY,
  slotLengthS: 900,
  spotOpensS: 86_400,
  relayMarginS: 270,
  gateClosureS: 180,
  matchDeadlineS: 30,
  energiesAfterS: 120,
  executionAfterS: 30,
  executionLatestS: 3_600,
  shortfallRateMicro: 100_000,
  unusedRateMicro: 50_000,
  feeMicro: [10_000, 30_000],
  engineBondNano: ENGINE_BOND_NANO,
}

/** What a house pays at most and wants at least, micro-currency per kWh; where it lies; what its connection carries. */
interface Household {
  readonly bidMicro: number
  readonly offerMicro: number
  readonly zone: number
  readonly capImportWh: number
  readonly capExportWh: number
}

/** Retail costs about 0.30, feeding in yields about 0.08: between the two everybody gains. 17 kW in and out, per slot. */
const HOUSEHOLDS: Readonly<Record<string, Household>> = {
  'house-1': { bidMicro: 280_000, offerMicro: 120_000, zone: 1, capImportWh: 4_250, capExportWh: 4_250 },
  'house-2': { bidMicro: 265_000, offerMicro: 120_000, zone: 1, capImportWh: 4_250, capExportWh: 4_250 },
  'house-3': { bidMicro: 250_000, offerMicro: 110_000, zone: 1, capImportWh: 4_250, capExportWh: 4_250 },
  'house-4': { bidMicro: 255_000, offerMicro: 95_000, zone: 1, capImportWh: 4_250, capExportWh: 4_250 },
  'house-5': { bidMicro: 270_000, offerMicro: 125_000, zone: 2, capImportWh: 4_250, capExportWh: 4_250 },
  'house-6': { bidMicro: 240_000, offerMicro: 140_000, zone: 2, capImportWh: 4_250, capExportWh: 4_250 },
}

export interface House extends Household {
  readonly name: string
  readonly site: string
  readonly member: string
  readonly meterPort: number
  readonly inverterPort?: number
}

/** A house with the file that lets its gateway enrol. */
export interface ClaimedHouse extends House {
  readonly claimPath: string
}

/** Paths below the street's state folder. */
export function layout(stateDir: string) {
  const at = (...parts: string[]) => join(stateDir, ...parts)
  return {
    keys: at('keys'),
    configs: at('configs'),
    logs: at('logs'),
    claims: at('claims'),
    tls: at('tls'),
    clock: at('clock.json'),
    manifest: at('manifest.csv'),
    part: (name: string) => at(name),
  }
}
export type Layout = ReturnType<typeof layout>

export function planHouses(options: StreetOptions, chainId: string): House[] {
  return sixHouses({ basePort: options.devicePort }).map(({ name, meterPort, inverterPort }) => {
    const household = HOUSEHOLDS[name]
    if (household === undefined) throw new RangeError(`no household for ${name}`)
    return {
      name,
      meterPort,
      ...(inverterPort === undefined ? {} : { inverterPort }),
      ...pseudonyms(chainId, name),
      ...household,
    }
  })
}

/** The utility's list of gateways. */
export function manifestOf(houses: readonly House[]): string {
  const rows = houses.map(({ site, name, member, zone, capImportWh, capExportWh }) =>
    [name, name, site, member, zone, capImportWh, capExportWh].join(','),
  )
  return ['serial,household,site,member,zone,capImportWh,capExportWh', ...rows, ''].join('\n')
}

/** Certificates of broker and hub, as files. */
export interface TlsPaths {
  readonly caPath: string
  readonly certPath: string
  readonly keyPath: string
}

export interface PlanInput {
  readonly root: string
  readonly options: StreetOptions
  readonly paths: Layout
  readonly secrets: Secrets
  readonly houses: readonly ClaimedHouse[]
  readonly tls: { readonly broker: TlsPaths; readonly hub: TlsPaths }
}

/** Every process of the street with its configuration. */
export interface Plan {
  readonly chain: Part
  readonly broker: Part
  readonly simulator: Part
  readonly provisioning: Part
  readonly hub: Part
  readonly agents: readonly Part[]
}

export function planStreet(input: PlanInput): Plan {
  const { root, options } = input
  const program = (room: string) => join(root, room, 'src', 'main.ts')
  const part = (name: string, room: string, config: object): Part => ({ name, program: program(room), config })
  return {
    chain: part('chain', 'chain', chainConfig(input)),
    broker: part('broker', 'broker', brokerConfigOf(input)),
    simulator: part('simulator', 'simulator', {
      host: options.host,
      stateDir: input.paths.part('simulator'),
      seed: SEED,
      houses: sixHouses({ basePort: options.devicePort }),
    }),
    provisioning: part('provisioning', 'provisioning', provisioningConfigOf(input)),
    hub: part('hub', 'hub', hubConfigOf(input)),
    agents: input.houses.map((house) => part(`agent-${house.name}`, 'agent', agentConfigOf(input, house))),
  }
}

function chainConfig({ options, paths, secrets }: PlanInput): EmbeddedConfig {
  const accounts = ROLES.map((role) => ({ role, account: secrets.accounts[role].id }))
  const { balancing, chainId } = secrets
  const gridOperator = secrets.accounts.gridOperator.id
  const rules = { ...STREET_RULES, feeMicro: [...STREET_RULES.feeMicro] as [number, number] }
  return {
    host: options.host,
    port: options.chainPort,
    stateDir: paths.part('chain'),
    blockIntervalMs: BLOCK_INTERVAL_MS,
    genesis: {
      chainId,
      community: { rules, balancing, gridOperator },
      roles: accounts,
      endowed: accounts.map(({ account }) => account),
    },
  }
}

export const chainEndpoint = ({ host, chainPort }: StreetOptions) => `ws://${host}:${chainPort}`
const brokerUrl = ({ host, mqttPort }: StreetOptions) => `mqtts://${host}:${mqttPort}`

/** Names and addresses under which broker and enrolment service are reached. */
export const serverHosts = ({ host }: StreetOptions) => [...new Set([...LOOPBACK_HOSTS, host])]

/** The utility's configuration: also what imports the manifest, before anything runs. */
export function provisioningConfigOf({ options, paths, secrets }: Pick<PlanInput, 'options' | 'paths' | 'secrets'>) {
  return {
    host: options.host,
    port: options.enrolPort,
    stateDir: paths.part('provisioning'),
    publicUrl: `https://${options.host}:${options.enrolPort}`,
    hosts: serverHosts(options),
    brokerUrl: brokerUrl(options),
    hubKey: secrets.hub.publicKey,
    community: COMMUNITY,
    chainEndpoints: [chainEndpoint(options)],
    operatorSeedPath: secrets.accounts.operator.seedPath,
    claimsDir: paths.claims,
    initialFundsNano: FUNDS_NANO,
    roleFunds: [{ account: secrets.accounts.settlementEngine.id, amountNano: String(2 * ENGINE_BOND_NANO) }],
  }
}

function hubConfigOf({ options, paths, secrets, houses, tls }: PlanInput) {
  const { accounts, hub } = secrets
  return {
    stateDir: paths.part('hub'),
    community: COMMUNITY,
    chainEndpoints: [chainEndpoint(options)],
    brokerUrl: brokerUrl(options),
    ...tls.hub,
    hubSeedPath: hub.seedPath,
    seeds: {
      relayer: accounts.relayer.seedPath,
      matchingEngine: accounts.matchingEngine.seedPath,
      settlementEngine: accounts.settlementEngine.seedPath,
    },
    refusedKeysPath: refusedKeysBeside(refusedPath(paths.part('provisioning'))),
    http: { host: options.host, port: options.httpPort },
    siteNames: Object.fromEntries(houses.map(({ site, name }) => [site, name])),
  }
}

function brokerConfigOf({ options, paths, tls }: PlanInput) {
  const utility = paths.part('provisioning')
  const lists = { revokedPath: refusedPath(utility), registryPath: admittedPath(utility) }
  return { host: options.host, port: options.mqttPort, ...tls.broker, ...lists, stateDir: paths.part('broker') }
}

function agentConfigOf({ options, paths }: PlanInput, house: ClaimedHouse) {
  const { name, meterPort, inverterPort, bidMicro, offerMicro } = house
  return {
    stateDir: join(paths.part('agents'), name),
    claimPath: house.claimPath,
    serial: name,
    meter: { host: options.host, port: meterPort },
    ...(inverterPort === undefined ? {} : { inverter: { host: options.host, port: inverterPort } }),
    strategy: { bidMicro, offerMicro },
  }
}

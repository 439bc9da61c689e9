import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CommunityRules,
  DEFAULT_RULES,
  fromHex,
  type ManualClock,
  manualClock,
  type Order,
  orderIdHex,
  type SignedMessage,
  type SigningKey,
  signingKeyFromSeed,
  signMessage,
  toHex,
} from '@wattfleet/protocol'
import { type Account, accountFromSeed } from '../src/client/account.ts'
import { finalizedBlocks } from '../src/client/blocks.ts'
import { type ChainConnection, connectChain } from '../src/client/connection.ts'
import { type ChainQueries, chainQueries } from '../src/client/queries.ts'
import { fileSubmissionStore } from '../src/client/submission-store.ts'
import { createSubmitter } from '../src/client/submitter.ts'
import { type EmbeddedConfig, GENESIS_ROLES, type GenesisRole } from '../src/embedded/config.ts'
import { openEmbeddedChain, type RunningChain } from '../src/embedded/start.ts'
import type { ChainCall, ExchangeEvent, Submission, Submitter } from '../src/exchange.ts'

/** 2025-06-20T10:00:00Z, the start of a slot. */
export const START_S = 1_750_413_600
export const COMMUNITY = 7
export const RULES: CommunityRules = { community: COMMUNITY, ...DEFAULT_RULES }

export const hex32 = (): string => randomBytes(32).toString('hex')
export const bytesOf = (hex: string): Uint8Array => fromHex(hex, hex.length / 2) ?? new Uint8Array()

export interface House {
  readonly site: string
  readonly member: string
  /** The member's account, where it was made here: it signs for itself. */
  readonly account?: Account
  readonly key: SigningKey
  readonly gateway: string
}

export type Role = GenesisRole

/** A real embedded chain on a free port and a temporary folder, with an account in every role. Blocks are made by hand. */
export interface TestChain {
  readonly clock: ManualClock
  readonly chainId: string
  readonly balancing: string
  readonly gridOperator: string
  readonly running: RunningChain
  readonly connection: ChainConnection
  readonly queries: ChainQueries
  readonly accounts: Readonly<Record<Role, Account>>
  /** Submits, makes blocks until it is in one, and yields the exchange's events of that block. */
  submit(by: Role | Account, call: ChainCall): Promise<{ outcome: Submission; events: ExchangeEvent[] }>
  /** Moves the clock to a moment (seconds) and makes a block there. */
  blockAt(atS: number): Promise<ExchangeEvent[]>
  eventsOf(number: number): Promise<ExchangeEvent[]>
  /** A funded site with its gateway enrolled. */
  house(overrides?: Partial<HouseOptions>): Promise<House>
  order(house: House, overrides?: Partial<Order>): Order
  stop(): Promise<void>
}

export interface HouseOptions {
  readonly member: string
  /** A member that signs for itself; it can pay for extrinsics. */
  readonly account: Account
  readonly zone: number
  readonly capImportWh: number
  readonly capExportWh: number
  readonly fundsNano: bigint
}

export const signed = (house: House, order: Order): SignedMessage =>
  signMessage({ type: 'order', value: order }, house.key)

export const idOf = (order: Order): string => orderIdHex(order)

/** An account in every role, each its own. */
export function roleAccounts(): Readonly<Record<Role, Account>> {
  const entries = GENESIS_ROLES.map((role) => [role, accountFromSeed(randomBytes(32))])
  return Object.fromEntries(entries) as Record<Role, Account>
}

/** One account in every role. */
export function everyRole(account: Account): Readonly<Record<Role, Account>> {
  return Object.fromEntries(GENESIS_ROLES.map((role) => [role, account])) as Record<Role, Account>
}

export function configFor(
  stateDir: string,
  chainId: string,
  accounts: Readonly<Record<Role, Account>>,
  { rules = RULES, endowed = [] }: { rules?: CommunityRules; endowed?: readonly Pick<Account, 'id'>[] } = {},
) {
  const [balancing, gridOperator] = [hex32(), hex32()]
  const config: EmbeddedConfig = {
    host: '127.0.0.1',
    port: 0,
    stateDir,
    blockIntervalMs: 6_000,
    genesis: {
      chainId,
      community: {
        rules: { ...rules, feeMicro: [rules.feeMicro[0], rules.feeMicro[1]] },
        balancing,
        gridOperator,
      },
      roles: Object.entries(accounts).map(([role, { id }]) => ({ role: role as Role, account: id })),
      endowed: [...Object.values(accounts), ...endowed].map(({ id }) => id),
    },
  }
  return config
}

/** `endowed`: further accounts that can pay for extrinsics, members that sign for themselves. */
export async function testChain(
  options: { rules?: Partial<CommunityRules>; endowed?: readonly Account[] } = {},
): Promise<TestChain> {
  const stateDir = mkdtempSync(join(tmpdir(), 'wattfleet-chain-'))
  const accounts = roleAccounts()
  const chainId = hex32()
  const config = configFor(stateDir, chainId, accounts, { ...options, rules: { ...RULES, ...options.rules } })
  const clock = manualClock(START_S * 1000)
  const running = await openEmbeddedChain(config, clock)
  const controller = new AbortController()
  const connection = await connectChain([`ws://127.0.0.1:${running.port}`], controller.signal)
  const blocks = finalizedBlocks(connection)

  const eventsOf = async (number: number): Promise<ExchangeEvent[]> => {
    const stop = new AbortController()
    const events: ExchangeEvent[] = []
    await blocks.follow(
      number,
      (block) => {
        events.push(...block.events)
        stop.abort()
      },
      stop.signal,
    )
    return events
  }

  const makeBlock = async () => {
    await clock.advance(6_000)
    return running.chain.makeBlock()
  }

  const submitters = new Map<string, Submitter>()
  const submitterOf = (account: Account): Submitter => {
    const known =
      submitters.get(account.id) ??
      createSubmitter(connection, account, fileSubmissionStore(join(stateDir, `${account.id}.json`)))
    submitters.set(account.id, known)
    return known
  }

  const chain: TestChain = {
    clock,
    chainId,
    balancing: config.genesis.community.balancing,
    gridOperator: config.genesis.community.gridOperator,
    running,
    connection,
    queries: chainQueries(connection),
    accounts,
    eventsOf,
    async submit(by, call) {
      const submitter = submitterOf(typeof by === 'string' ? accounts[by] : by)
      let ended = false
      const outcome = submitter.submit(call, controller.signal).finally(() => {
        ended = true
      })
      outcome.catch(() => {})
      while (!ended) {
        if (running.chain.pool.list().length > 0) await makeBlock()
        else await new Promise((resolve) => setImmediate(resolve))
      }
      const end = await outcome
      return { outcome: end, events: end.ok ? await eventsOf(end.block) : [] }
    },
    async blockAt(atS) {
      await clock.advance(atS * 1000 - clock.nowMs())
      const block = await running.chain.makeBlock()
      return eventsOf(block.number)
    },
    async house(overrides = {}) {
      const options = {
        member: overrides.account?.id ?? hex32(),
        zone: 1,
        capImportWh: 5_000,
        capExportWh: 5_000,
        fundsNano: 10_000_000_000n,
        ...overrides,
      }
      const { member, zone, capImportWh, capExportWh, fundsNano } = options
      const key = signingKeyFromSeed(randomBytes(32))
      const site = randomBytes(16).toString('hex')
      const gateway = toHex(key.publicKey)
      await chain.submit('operator', {
        call: 'set-site',
        site,
        community: COMMUNITY,
        member,
        zone,
        capImportWh,
        capExportWh,
      })
      await chain.submit('operator', { call: 'enrol-gateway', site, gateway })
      if (fundsNano > 0n) {
        const issue = { call: 'issue', community: COMMUNITY, account: member, amountNano: fundsNano } as const
        await chain.submit('operator', { ...issue, reference: hex32() })
      }
      return { site, member, key, gateway, ...(overrides.account === undefined ? {} : { account: overrides.account }) }
    },
    order: (house, overrides = {}) => ({
      chain: bytesOf(chainId),
      community: COMMUNITY,
      gateway: house.key.publicKey,
      epoch: 1,
      sequence: nextSequence(),
      kind: 'spot',
      side: 'bid',
      slotStart: START_S + 7_200,
      energyWh: 1_000,
      priceMicro: 250_000,
      expiresAt: 0,
      energyTypes: 0,
      ...overrides,
    }),
    async stop() {
      controller.abort()
      await connection.close()
      await running.stop()
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
  return chain
}

let sequence = 0
const nextSequence = () => {
  sequence += 1
  return sequence
}

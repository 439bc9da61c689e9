import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  aborted,
  type Clock,
  Fault,
  fromHex,
  listedInFile,
  monotonicMs,
  readSeed,
  readText,
  signingKeyFromSeed,
  upFilter,
} from '@wattfleet/protocol'
import { pino } from 'pino'
import { type ChainClient, openChain } from './adapters/chain.ts'
import { openInbox, type SqliteInbox } from './adapters/inbox-sqlite.ts'
import { openIndex, type SqliteIndex } from './adapters/index-sqlite.ts'
import { type MqttWire, openMqtt } from './adapters/mqtt.ts'
import { type PushListener, startPushListener } from './adapters/push-listener.ts'
import { createViews, type Views } from './adapters/views.ts'
import type { HubConfig, Role } from './config.ts'
import { createCourier } from './courier/courier.ts'
import { startGateway } from './gateway/server.ts'
import { createIntake, createIntakeService, type Intake } from './intake/intake.ts'
import { createRoll, type Roll } from './intake/roll.ts'
import { runMatching } from './match/match.ts'
import { followChain } from './orderbook/follow.ts'
import type { Head, IsStopped, OnMessage, Stake } from './ports.ts'
import { createPulse, type Pulse } from './pulse.ts'
import { runRelay } from './relay/relay.ts'
import { runSettlement } from './settle/settle.ts'

/** Messages whose fate is known are kept this long after nothing can come of them any more, for those who ask. */
const KEEP_S = 7 * 86_400
/** Blocks between two rounds of forgetting. */
const PRUNE_EVERY_BLOCKS = 500
/** A round of matching asks of every open order whether its gateway may trade: the list is looked at so often, ms. */
const MATCH_LOOK_MS = 100

/** What the roles of one process share. */
interface Parts {
  readonly config: HubConfig
  readonly clock: Clock
  readonly log: pino.Logger
  readonly inbox: SqliteInbox
  readonly index: SqliteIndex
  readonly chain: ChainClient
  readonly stored: Pulse
  readonly indexed: Pulse
  readonly notices: Pulse
  readonly views: Views
  readonly isStopped: IsStopped
  /** Filled by the roles that run here. */
  readonly running: { intake?: Intake; wire?: MqttWire; pushes?: PushListener; blocks: number; readonly roll: Roll }
}

/**
 * The id of the chain that this state belongs to: kept since it was first known, so that intake serves while the chain is
 * away. A state that belongs to another chain is refused: nothing in it would hold there.
 */
async function chainIdOf({ inbox, chain }: Parts): Promise<{ id: Uint8Array; confirmed: Promise<void> }> {
  const kept = inbox.fact('chain')
  const confirm = async () => {
    const id = await chain.chainId()
    if (kept === undefined) inbox.keepFact('chain', id)
    else if (kept !== id) throw new Fault('config', `the state is of chain ${kept}, the node is of chain ${id}`)
    return id
  }
  const asked = confirm()
  const id = fromHex(kept ?? (await asked), 32)
  if (id === undefined) throw new Fault('chain', `${kept} is no id of a chain`)
  return { id, confirmed: asked.then(() => undefined) }
}

function isStoppedBy({ refusedKeysPath: path }: HubConfig, log: pino.Logger, lookEveryMs = 0): IsStopped {
  if (path === undefined) return () => false
  return listedInFile({ path, what: 'a signing key', about: 'list of keys that may not trade', log, lookEveryMs })
}

function makeParts(config: HubConfig, clock: Clock, chain: ChainClient, isStopped: IsStopped, log: pino.Logger): Parts {
  const inbox = openInbox(join(config.stateDir, 'inbox.sqlite'))
  const index = openIndex(join(config.stateDir, 'index.sqlite'))
  const running: Parts['running'] = { blocks: 0, roll: createRoll() }
  const views = createViews({
    index,
    inbox,
    community: config.community,
    siteNames: config.siteNames,
    finalizedBlock: chain.finalizedBlock,
    isBrokerConnected: () => running.wire?.connected ?? false,
    storeFault: () => running.intake?.storeFault(),
    receipts: () => running.intake?.counts ?? new Map(),
    blocksFollowed: () => running.blocks,
    pushes: () => running.pushes?.counts,
    gateways: running.roll.counts,
  })
  const [stored, indexed, notices] = [createPulse(), createPulse(), createPulse()]
  return { config, clock, log, inbox, index, chain, stored, indexed, notices, views, isStopped, running }
}

/** Intake and courier: they share the connection to the broker. */
async function runIntake(parts: Parts, chainId: Uint8Array, started: () => void, signal: AbortSignal): Promise<void> {
  const { config, clock, inbox, index, chain, log, stored, running } = parts
  const key = signingKeyFromSeed(readSeed(config.hubSeedPath))
  const renewed = () => ({
    ca: readText(config.caPath),
    cert: readText(config.certPath),
    key: readText(config.keyPath),
  })
  const files = { ...renewed(), renewed }
  let receive: OnMessage = () => undefined
  const wire = openMqtt({ url: config.brokerUrl, ...files, filter: upFilter() }, (topic, payload) =>
    receive(topic, payload),
  )
  const intake = createIntake({
    chain: chainId,
    community: config.community,
    inbox,
    registry: index,
    isStopped: parts.isStopped,
    finalizedBlock: chain.finalizedBlock,
    clock,
    rate: { perSecond: config.messagesPerSecond, burst: config.messageBurst },
    monotonicMs,
    log,
  })
  Object.assign(running, { intake, wire })
  const courier = createCourier({ notices: inbox, wire, key, pulse: parts.notices, log })
  const onStatus = courier.heard
  const onGroup = parts.views.changed
  const service = createIntakeService({ intake, wire, clock, key, stored, onStatus, roll: running.roll, onGroup })
  receive = service.receive
  try {
    const serving = Promise.all([service.run(signal), courier.run(signal)])
    await Promise.race([wire.subscribed(signal), serving])
    started()
    await serving
  } finally {
    await wire.stop()
  }
}

async function runOrderbook(
  parts: Parts,
  chainId: Uint8Array,
  started: () => void,
  signal: AbortSignal,
): Promise<void> {
  const { config, inbox, index, chain, log, running } = parts
  const onBlock = (head: Head) => {
    running.blocks++
    if (head.number % PRUNE_EVERY_BLOCKS === 0) {
      inbox.prune(head.timestampS - KEEP_S, index.unsettled(config.community))
    }
    parts.indexed.beat()
    parts.notices.beat()
    parts.views.changed()
  }
  // a block was made: soon it is final, and only then does it count
  const onPush = chain.look
  const pushes = config.push && (await startPushListener({ config: config.push, chain: chainId, onPush, log }))
  Object.assign(running, { pushes })
  started()
  try {
    await followChain({ blocks: chain.blocks, index, journal: inbox, onBlock, log }, signal)
  } finally {
    await pushes?.stop()
  }
}

async function runHttp({ config, views, clock, log }: Parts, started: () => void, signal: AbortSignal): Promise<void> {
  const gateway = await startGateway({ config: config.http, views, clock, log })
  log.info({ port: gateway.port }, 'http serves')
  started()
  await aborted(signal)
  await gateway.stop()
}

/** What an account has at stake as settlement engine, and free, by finalized state. */
function stakeOf(chain: ChainClient, community: number, engine: string): Stake {
  return {
    async read() {
      const queries = await chain.queries()
      const [bondNano, { freeNano }] = [await queries.bondNano(community, engine), await queries.funds(engine)]
      return { bondNano, freeNano }
    },
  }
}

/** One role, until the signal is aborted. `started` is called once it serves. */
async function runRole(
  role: Role,
  parts: Parts,
  chainId: Uint8Array,
  started: () => void,
  signal: AbortSignal,
): Promise<void> {
  const { config, chain, inbox, index, clock, stored, indexed, log } = parts
  const { community, seeds, stateDir } = config
  const named = log.child({ role })
  const { finalizedBlock } = chain
  if (role === 'intake') return runIntake(parts, chainId, started, signal)
  if (role === 'gateway') return runHttp(parts, started, signal)
  if (role === 'orderbook') return runOrderbook(parts, chainId, started, signal)
  const seed = { relay: seeds.relayer, match: seeds.matchingEngine, settle: seeds.settlementEngine }[role]
  const submitter = await chain.submitter(seed, stateDir)
  started()
  switch (role) {
    case 'relay':
      return runRelay(
        {
          ...{ community, queue: inbox, submitter, progress: index, isStopped: parts.isStopped },
          ...{ clock, stored, indexed, log: named },
        },
        signal,
      )
    case 'match': {
      const isStopped = isStoppedBy(config, named, MATCH_LOOK_MS)
      return runMatching({ community, book: index, isStopped, finalizedBlock, submitter, indexed, log: named }, signal)
    }
    case 'settle': {
      const stake = stakeOf(chain, community, submitter.account)
      const stores = { slots: index, energies: inbox, plans: inbox }
      return runSettlement({ community, ...stores, stake, finalizedBlock, submitter, indexed, log: named }, signal)
    }
  }
}

/**
 * Runs the roles of one process until the signal is aborted; `ready` is called once all of them serve. A role that fails
 * for good stops the others, and its fault is thrown.
 */
export async function runHub(config: HubConfig, clock: Clock, signal: AbortSignal, ready: () => void): Promise<void> {
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 })
  const failed = new AbortController()
  const stop = AbortSignal.any([signal, failed.signal])
  const log = pino({ name: 'hub', level: config.logLevel })
  const isStopped = isStoppedBy(config, log) // before anything is open that would keep the process
  const chain = await openChain({ endpoints: config.chainEndpoints, log }, stop)
  const parts = makeParts(config, clock, chain, isStopped, log)
  try {
    const { id, confirmed } = await chainIdOf(parts)
    const roles = [...new Set(config.roles)]
    let waiting = roles.length
    const started = () => {
      waiting--
      if (waiting === 0) ready()
    }
    const tasks = [confirmed, ...roles.map((role) => runRole(role, parts, id, started, stop))]
    const watched = tasks.map((task) =>
      task.catch((error: unknown) => {
        if (stop.aborted) return
        failed.abort()
        throw error
      }),
    )
    const ends = await Promise.allSettled(watched)
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    failed.abort()
    await chain.close()
    parts.inbox.close()
    parts.index.close()
  }
}

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Clock, monotonicMs, scaledClock, writeFileAtomic } from '@wattfleet/protocol'
import {
  authorityDir,
  createAuthority,
  importManifestFile,
  issueHubCertificate,
  issueServerCertificate,
  keepIdentity,
} from '@wattfleet/provisioning'
import { freePorts } from '../../../test-support/ports.ts'
import { streetOptions } from '../../src/options.ts'
import {
  chainEndpoint,
  layout,
  manifestOf,
  type Plan,
  planHouses,
  planStreet,
  provisioningConfigOf,
  STREET_BEGINS_MS,
} from '../../src/plan.ts'
import { createSupervisor, type Part, type Supervisor } from '../../src/processes.ts'
import { keepSecrets } from '../../src/secrets.ts'
import { type ChainView, watchChain } from './chain-view.ts'
import { enrolGateway, TestGateway } from './gateway.ts'
import { type HubProcess, hubProcess, kill9 } from './hub-process.ts'
import { PATIENCE_MS, until } from './until.ts'

const ROOT = resolve(import.meta.dirname, '..', '..', '..')
const HOST = '127.0.0.1'
/** Street seconds per second: a slot takes ten. */
const RATE = 90
/** Two thirds of a second: blocks that nobody asked for take the machine's time. */
const BLOCK_INTERVAL_MS = 60_000
/** Below what the broker lets through at once, so that the hub's own limit is met. */
const HUB_BURST = 120

/** Chain, broker, utility and hub as real processes, and gateways that a test speaks for. */
export interface Parts {
  readonly folder: string
  readonly clock: Clock
  readonly nowS: () => number
  readonly gateways: readonly TestGateway[]
  /** The account of each gateway's member. */
  readonly members: readonly string[]
  readonly chain: ChainView
  readonly hub: HubProcess
  /** SIGKILL for the chain's process; the supervisor starts it again. Resolves when it is gone. */
  killChain(): Promise<void>
  /** A counter of the broker. */
  brokerCount(metric: string): Promise<number>
  stop(): Promise<void>
}

async function prepare(folder: string, houseCount: number) {
  const [httpPort, mqttPort, chainPort, enrolPort, statusPort] = await freePorts(5)
  const options = { ...streetOptions.parse({ stateDir: folder, host: HOST, httpPort, mqttPort, chainPort, enrolPort }) }
  const paths = layout(folder)
  for (const path of [paths.configs, paths.logs, paths.claims]) mkdirSync(path, { recursive: true })
  const secrets = keepSecrets(paths.keys)
  const utility = provisioningConfigOf({ options, paths, secrets })
  const authority = await createAuthority(authorityDir(utility.stateDir))
  const broker = await keepIdentity(authority, join(paths.tls, 'broker'), 'broker', () =>
    issueServerCertificate(authority, { commonName: 'broker' }),
  )
  const hub = await keepIdentity(authority, join(paths.tls, 'hub'), 'hub', () => issueHubCertificate(authority))
  const planned = planHouses(options, secrets.chainId).slice(0, houseCount)
  writeFileAtomic(paths.manifest, manifestOf(planned))
  const claimed = await importManifestFile(utility, paths.manifest)
  const houses = planned.map((house) => {
    const claimPath = claimed.find(({ site }) => site === house.site)?.claimPath
    if (claimPath === undefined) throw new Error(`${house.name} has no claim`)
    return { ...house, claimPath }
  })
  const plan = planStreet({ root: ROOT, options, paths, secrets, houses, tls: { broker, hub } })
  return { paths, houses, plan, endpoint: chainEndpoint(options), statusPort: statusPort as number }
}

/** Starts the parts and enrols the gateways; nothing is left when that fails. */
export async function startParts(gatewayCount: number): Promise<Parts> {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-parts-'))
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const { paths, houses, plan, endpoint, statusPort } = await prepare(folder, gatewayCount)
    const anchor = { monotonicMs: monotonicMs(), streetMs: STREET_BEGINS_MS, rate: RATE }
    const supervise = () => createSupervisor(paths, anchor, () => undefined)
    const supervisor = supervise()
    const { chain, broker, provisioning, hub: hubPart } = altered(plan, statusPort)
    const hub = hubProcess(hubPart, supervise)
    undo.push(() => Promise.all([hub.stop(), supervisor.stop()]))
    const clock = scaledClock(anchor)
    const nowS = () => Math.floor(clock.nowMs() / 1000)
    const enrolOne = async ({ name, claimPath }: { name: string; claimPath: string }) => {
      const gateway = new TestGateway(
        await enrolGateway(claimPath, name, join(folder, name), AbortSignal.timeout(PATIENCE_MS)),
        nowS,
      )
      undo.push(() => gateway.disconnect())
      await gateway.connect()
      return gateway
    }
    await Promise.all([supervisor.start(chain), supervisor.start(broker)])
    const view = watchChain(endpoint)
    undo.push(() => view.close())
    const [gateways] = await Promise.all([
      supervisor.start(provisioning).then(() => Promise.all(houses.map(enrolOne))),
      hub.start(),
    ])
    const members = houses.map(({ member }) => member)
    const brokerCount = (metric: string) => readMetric(`http://${HOST}:${statusPort}/metrics`, metric)
    const killChain = () => killPart(supervisor, chain)
    return { folder, clock, nowS, gateways, members, chain: view, hub, killChain, brokerCount, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The street's plan, with the broker's counters served and the hub's limit within reach of a test. */
function altered(plan: Plan, statusPort: number): Pick<Plan, 'chain' | 'broker' | 'provisioning' | 'hub'> {
  const change = (part: Part, changes: object): Part => ({ ...part, config: { ...part.config, ...changes } })
  return {
    chain: change(plan.chain, { blockIntervalMs: BLOCK_INTERVAL_MS }),
    broker: change(plan.broker, { status: { port: statusPort } }),
    provisioning: plan.provisioning,
    hub: change(plan.hub, { messageBurst: HUB_BURST }),
  }
}

async function killPart(supervisor: Supervisor, { name }: Part): Promise<void> {
  const pid = supervisor.pids().get(name)
  if (kill9(pid)) await until(`${name} is dead`, () => !isAlive(pid))
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0)
  } catch {
    return false
  }
}

async function readMetric(url: string, metric: string): Promise<number> {
  const text = await (await fetch(url)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${metric} `))
  if (line === undefined) throw new Error(`no metric ${metric} at ${url}`)
  return Number(line.slice(metric.length))
}

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Clock, Fault, writeFileAtomic } from '@wattfleet/protocol'
import {
  authorityDir,
  createAuthority,
  importManifestFile,
  issueHubCertificate,
  issueServerCertificate,
  keepIdentity,
} from '@wattfleet/provisioning'
import { openStreetClock, SAVE_EVERY_MS } from './clock-file.ts'
import { lockFolder } from './lock.ts'
import type { StreetOptions } from './options.ts'
import {
  type ClaimedHouse,
  type Layout,
  layout,
  manifestOf,
  type Plan,
  planHouses,
  planStreet,
  provisioningConfigOf,
  STREET_BEGINS_MS,
  serverHosts,
} from './plan.ts'
import { createSupervisor, type Supervisor } from './processes.ts'
import { keepSecrets, type Secrets } from './secrets.ts'

/** Marks a folder as a street's, so that `--fresh` never removes anything else. */
const MARK = 'street.mark'

export interface Street {
  readonly clock: Clock
  readonly houses: readonly ClaimedHouse[]
  readonly supervisor: Supervisor
  stop(): Promise<void>
}

/** Removes a street's folder. Throws Fault `config` where it holds something else. */
export function startOver(stateDir: string): void {
  if (!existsSync(stateDir)) return
  if (!existsSync(join(stateDir, MARK))) {
    throw new Fault('config', `${stateDir} is not a street's folder: --fresh removes only what a street has made`)
  }
  rmSync(stateDir, { recursive: true, force: true })
}

function makeFolders(stateDir: string, paths: Layout): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  writeFileSync(join(stateDir, MARK), 'Made by npm start; npm start -- --fresh removes this folder.\n')
  for (const folder of [paths.configs, paths.logs, paths.claims]) mkdirSync(folder, { recursive: true, mode: 0o700 })
}

/** Whether nothing listens there. */
export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, host, () => probe.close(() => resolve(true)))
  })
}

/** Throws Fault `config` naming every port that something else has. */
async function requirePorts(options: StreetOptions, houses: readonly { meterPort: number; inverterPort?: number }[]) {
  const wanted: [port: number, flag: string][] = [
    [options.httpPort, '--http-port'],
    [options.mqttPort, '--mqtt-port'],
    [options.chainPort, '--chain-port'],
    [options.enrolPort, '--enrol-port'],
    ...houses
      .flatMap(({ meterPort, inverterPort }) => [meterPort, ...(inverterPort === undefined ? [] : [inverterPort])])
      .map((port): [number, string] => [port, '--device-port']),
  ]
  const taken: string[] = []
  for (const [port, flag] of wanted) {
    if (!(await isFree(options.host, port))) taken.push(`port ${port} is in use: choose another with ${flag}`)
  }
  if (taken.length > 0) throw new Fault('config', taken.join('\n'))
}

/** The utility's first day: its CA, the certificates of broker and hub, the manifest imported, a claim for each gateway. */
async function prepare(options: StreetOptions, root: string, paths: Layout, secrets: Secrets) {
  const houses = planHouses(options, secrets.chainId)
  const utility = provisioningConfigOf({ options, paths, secrets })
  mkdirSync(utility.stateDir, { recursive: true, mode: 0o700 })
  const authority = await createAuthority(authorityDir(utility.stateDir))
  const broker = await keepIdentity(authority, join(paths.tls, 'broker'), 'broker', () =>
    issueServerCertificate(authority, { commonName: 'broker', hosts: serverHosts(options) }),
  )
  const hub = await keepIdentity(authority, join(paths.tls, 'hub'), 'hub', () => issueHubCertificate(authority))
  writeFileAtomic(paths.manifest, manifestOf(houses))
  const gateways = await importManifestFile(utility, paths.manifest)
  const claimed = houses.map((house): ClaimedHouse => {
    const gateway = gateways.find(({ site }) => site === house.site)
    if (gateway === undefined) throw new Fault('internal', `${house.name} is not in the manifest`)
    return { ...house, claimPath: gateway.claimPath }
  })
  const plan = planStreet({ root, options, paths, secrets, houses: claimed, tls: { broker, hub } })
  return { houses: claimed, plan }
}

async function startParts(plan: Plan, supervisor: Supervisor, onStep: (text: string) => void): Promise<void> {
  const step = async (text: string, ...parts: Parameters<Supervisor['start']>[0][]) => {
    const begun = Date.now()
    await Promise.all(parts.map((part) => supervisor.start(part)))
    onStep(`${text} (${((Date.now() - begun) / 1000).toFixed(1)} s)`)
  }
  await step('chain: runtime loaded, blocks are made', plan.chain)
  await Promise.all([
    step('broker: MQTT over TLS', plan.broker),
    step('devices: six meters, four inverters on Modbus TCP', plan.simulator),
    step('utility: enrolment over HTTPS', plan.provisioning),
    step('hub: intake, relay, orderbook, match, settle, gateway', plan.hub),
    step('agents: six gateways enrolled and connected', ...plan.agents),
  ])
}

/** Starts the whole street from what is stored, or a new one. Whatever fails, nothing is left running. */
export async function startStreet(
  options: StreetOptions,
  root: string,
  onStep: (text: string) => void,
  onEvent: (text: string) => void,
  signal: AbortSignal,
): Promise<Street> {
  if (options.fresh) {
    // nobody else's: only then is it removed
    if (existsSync(options.stateDir)) lockFolder(options.stateDir)()
    startOver(options.stateDir)
  }
  const unlock = lockFolder(options.stateDir)
  const paths = layout(options.stateDir)
  makeFolders(options.stateDir, paths)
  const secrets = keepSecrets(paths.keys)
  await requirePorts(options, planHouses(options, secrets.chainId))
  const { houses, plan } = await prepare(options, root, paths, secrets)
  onStep('utility: certificate authority made, manifest of six sites imported')
  const { clock, anchor, save } = openStreetClock(paths.clock, STREET_BEGINS_MS, options.rate)
  const saving = setInterval(() => save(true), SAVE_EVERY_MS)
  const supervisor = createSupervisor(paths, anchor, onEvent)
  const stop = async () => {
    clearInterval(saving)
    await supervisor.stop()
    save(false)
    unlock()
  }
  try {
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Fault('internal', 'stopped while starting')), { once: true })
    })
    stopped.catch(() => {})
    await Promise.race([startParts(plan, supervisor, onStep), stopped])
  } catch (error) {
    await stop()
    throw error
  }
  return { clock, houses, supervisor, stop }
}

import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Finding,
  type Inverter,
  type Meter,
  modelInverter,
  modelMeter,
  rolloverWh,
  shippedModel,
  sunSpecInverter,
  sunSpecMeter,
  TELEGRAM_MODELS,
  watchedMeter,
} from '@wattfleet/devices'
import { type Clock, fromHex, monotonicClock, type Program, runProgram, toHex, wallClock } from '@wattfleet/protocol'
import { pino } from 'pino'
import { enrolmentClient, renewalClient } from './adapters/enrolment-client.ts'
import { type LineFaults, lineFaults, noting } from './adapters/line-faults.ts'
import { type Lines, openLines } from './adapters/lines.ts'
import { gridMeter, sunSource } from './adapters/modbus-devices.ts'
import { mqttLink } from './adapters/mqtt-link.ts'
import { clockScheduler, wallScheduler } from './adapters/schedulers.ts'
import { serialOf } from './adapters/serial.ts'
import { openSqliteOutbox } from './adapters/sqlite-outbox.ts'
import { stateFiles } from './adapters/state-files.ts'
import { openUpdates } from './adapters/updates.ts'
import { keepWatchdog, tellSystemd, watchdogMs } from './adapters/watchdog.ts'
import { claimAt, runCertified } from './certified.ts'
import { type ClaimWatch, claimWatch } from './claim-watch.ts'
import { type AgentConfig, agentConfigSchema, type InverterConfig, type MeterConfig } from './config.ts'
import { createHeartbeat, type Heartbeat } from './core/heartbeat.ts'
import type { Credential } from './credential.ts'
import { type Credentials, openCredentials } from './credentials.ts'
import { type Enrolled, enrol } from './enrol.ts'
import { createFindings, type Findings } from './findings.ts'
import { runGateway } from './gateway.ts'
import { sealer } from './identity.ts'
import type { GridMeter, Outbox } from './ports.ts'
import { createRemote, type RemoteControl } from './remote.ts'
import { remoteFile } from './remote-state.ts'
import { HEALTH, UPDATES } from './updater/hand-over.ts'
import { VERSION_OF_AGENT } from './version.ts'

const random = () => randomBytes(4).readUInt32LE() / 2 ** 32

/** Where nothing says which meter there is, none is guessed: the gateway is there, and waits to be told. */
const NO_METER: GridMeter = { read: async () => undefined }

/** The grid meter, its values looked at before anything is made of them; what a phase shows, where an inverter is held against it. */
function meterOf(
  config: MeterConfig,
  phases: boolean,
  lines: Lines,
  clock: Clock,
  findings: Findings,
  faults: LineFaults,
): Meter {
  const { unit, mostW } = config
  const options = {
    mostW,
    onFinding: ({ counter, is, energyWh }: Finding) => findings.note(`${counter}-counter-${is}`, { energyWh }),
  }
  const format = TELEGRAM_MODELS[config.model]
  if (format !== undefined && config.serial !== undefined) {
    const { path, baudRate } = config.serial
    const head = { path, format, mostW, clock, onFault: faults.note, ...(baudRate !== undefined && { baudRate }) }
    return watchedMeter(lines.infrared(head), options)
  }
  if (config.model === 'sunspec') {
    return watchedMeter(sunSpecMeter(noting(lines.to(config), faults), unit, clock, { phases }), options)
  }
  const model = shippedModel(config.model)
  const line = noting(lines.to(config, model), faults)
  const rollsOverAtWh = rolloverWh(model)
  const meter = modelMeter(line, unit, model, clock, { phases })
  return watchedMeter(meter, { ...options, ...(rollsOverAtWh !== undefined && { rollsOverAtWh }) })
}

/** What the gateway makes of it. */
function gridMeterOf(config: AgentConfig, lines: Lines, clock: Clock, findings: Findings, log: pino.Logger): GridMeter {
  const { meter, inverter } = config
  if (meter === undefined) return NO_METER
  const { serial, host, port, unit } = meter
  const faults = lineFaults(`${serial?.path ?? `${host}:${port}`}, unit ${unit}`)
  return gridMeter(meterOf(meter, inverter !== undefined, lines, clock, findings, faults), log, faults, meter.feedsIn)
}

function inverterOf(config: InverterConfig, lines: Lines, clock: Clock): Inverter {
  if (config.model === 'sunspec') return sunSpecInverter(lines.to(config), config.unit, clock)
  const model = shippedModel(config.model)
  return modelInverter(lines.to(config, model), config.unit, model, clock)
}

/** What stays the same however often the gateway is run anew: its identity, its outbox, and the utility's hand on it. */
interface Standing {
  readonly program: Program<AgentConfig>
  readonly enrolled: Enrolled
  readonly credentials: Credentials
  readonly outbox: Outbox
  readonly remote: RemoteControl
  readonly log: pino.Logger
  readonly transport: Clock
  readonly onWall: boolean
  readonly heartbeat: Heartbeat
  readonly watch: ClaimWatch
  /** Ends this round and begins another. */
  readonly again: () => void
}

/** Runs the gateway with one configuration until aborted. */
async function runRound(standing: Standing, signal: AbortSignal) {
  const { program, enrolled, credentials, outbox, remote, log, transport, onWall, heartbeat, watch } = standing
  const { clock, ready } = program
  const config = remote.config()
  log.level = config.logLevel
  const lines = openLines()
  // a scaled clock is made of the monotonic one and cannot be stepped
  const steady = onWall ? transport : clock
  const findings = createFindings(steady, log)
  try {
    const meter = gridMeterOf(config, lines, clock, findings, log)
    const { devices } = remote.standing()
    if (devices?.reason !== undefined) log.error(devices, 'a device is not configured')
    const granted = JSON.stringify(credentials.current().grant.devices)
    const inverter = config.inverter && inverterOf(config.inverter, lines, clock)
    for (const device of [config.meter, config.inverter]) if (device) await lines.share(device)
    const linkOf = ({ grant, tlsKeyPem: keyPem }: Credential) => mqttLink({ ...grant, keyPem }, transport, random, log)
    const certified = {
      ...{ credentials, key: enrolled.key, link: linkOf, service: renewalClient, wall: wallClock() },
      ...{ transport, random, log, otherwiseAt: () => claimAt(config.claimPath)?.url },
    }
    await runCertified(certified, signal, async (identity, link, lifeSignal) => {
      if (JSON.stringify(identity.grant.devices) !== granted) return standing.again()
      await runGateway(
        {
          ...{ clock, steady, transport, meter, sun: inverter && sunSource(inverter), outbox, identity },
          link: watch.over(link),
          // node-schedule knows only the wall's clock; a scaled one keeps its own time
          scheduler: onWall ? wallScheduler(clock) : clockScheduler(clock),
          ...{ strategy: config.strategy, pollMs: config.pollS * 1000, random, findings, remote, heartbeat, log },
        },
        lifeSignal,
        ready,
      )
    })
  } finally {
    await lines.close()
  }
}

async function main(program: Program<AgentConfig>): Promise<void> {
  const { config, clock, signal } = program
  const log = pino({ level: config.logLevel })
  const transport = monotonicClock()
  const onWall = process.env.WATTFLEET_CLOCK === undefined
  const heartbeat = createHeartbeat(() => transport.nowMs())
  const spanMs = watchdogMs(process.env)
  if (spanMs !== undefined) {
    void keepWatchdog({ spanMs, isWell: heartbeat.isWell, tell: tellSystemd, transport, log }, signal)
  }
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 })
  const files = stateFiles(config.stateDir)
  const enrolled = await enrol(
    {
      ...{ files, claimPath: config.claimPath, serial: () => serialOf(config) },
      ...{ service: enrolmentClient, transport, random, log },
    },
    signal,
  )
  if (enrolled === undefined) return
  const { grant } = enrolled
  const credentials = openCredentials(files, enrolled)
  const seal = sealer(enrolled, () => Uint8Array.from(randomBytes(16)))
  const signer = { epoch: grant.epoch, gateway: toHex(enrolled.key.publicKey) }
  let round = new AbortController()
  let isOver = false
  /** The supervisor starts the process again, and that enrols with the claim that lies there then. */
  const end = () => {
    isOver = true
    round.abort()
  }
  const remote = createRemote(
    {
      ...{ file: config, version: VERSION_OF_AGENT, clock, steady: onWall ? transport : clock, transport, random, log },
      granted: () => credentials.current().grant.devices,
      store: remoteFile(files, signer.gateway, signer.epoch),
      utilityKey: () => fromHex(credentials.current().grant.utilityKey ?? '', 32),
      updates: openUpdates(join(config.stateDir, UPDATES), () => credentials.current().grant.caPem),
    },
    (why) => (why === 'restart' ? end() : round.abort()),
  )
  const watch = claimWatch({ claim: () => claimAt(config.claimPath)?.claim, files, transport, log })
  const outbox = openSqliteOutbox(join(config.stateDir, 'outbox.sqlite'), seal, signer)
  const ready = () => {
    files.write(HEALTH, JSON.stringify({ version: VERSION_OF_AGENT, pid: process.pid }))
    program.ready()
  }
  const standing = {
    ...{ program: { ...program, ready }, enrolled, credentials, outbox, remote, log, transport, onWall, heartbeat },
    ...{ watch },
    again: () => round.abort(),
  }
  try {
    while (!signal.aborted && !isOver) {
      round = new AbortController()
      const roundSignal = AbortSignal.any([signal, round.signal])
      void watch.run(roundSignal, end)
      try {
        await runRound(standing, roundSignal)
      } catch (error) {
        if (!remote.failed(error)) throw error
      } finally {
        round.abort()
      }
    }
  } finally {
    outbox.close()
  }
}

const ABOUT = `One gateway: reads the house's meter and inverter, bids and offers for it, and signs what was measured.
A configuration is shown in agent/examples/gateway.json; docs/devices.md says which devices can be read.`

await runProgram(agentConfigSchema, ABOUT, main)

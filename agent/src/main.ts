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
  watchedMeter,
} from '@wattfleet/devices'
import { type Clock, monotonicClock, type Program, runProgram, toHex } from '@wattfleet/protocol'
import { pino } from 'pino'
import { enrolmentClient } from './adapters/enrolment-client.ts'
import { type Lines, openLines } from './adapters/lines.ts'
import { gridMeter, sunSource } from './adapters/modbus-devices.ts'
import { mqttLink } from './adapters/mqtt-link.ts'
import { clockScheduler, wallScheduler } from './adapters/schedulers.ts'
import { openSqliteOutbox } from './adapters/sqlite-outbox.ts'
import { stateFiles } from './adapters/state-files.ts'
import { type AgentConfig, agentConfigSchema, TELEGRAMS } from './config.ts'
import { enrol } from './enrol.ts'
import { runGateway } from './gateway.ts'
import { sealer } from './identity.ts'
import type { Log } from './ports.ts'

const random = () => randomBytes(4).readUInt32LE() / 2 ** 32

/** The grid meter, its values looked at before anything is made of them. */
function meterOf(config: AgentConfig['meter'], lines: Lines, clock: Clock, steady: Clock, log: Log): Meter {
  const { unit, mostW } = config
  const options = {
    mostW,
    monotonicMs: () => steady.nowMs(),
    onFinding: (finding: Finding) => log.warn({ ...finding }, `the meter: ${finding.counter} counter ${finding.is}`),
  }
  const format = TELEGRAMS[config.model]
  if (format !== undefined && config.serial !== undefined) {
    const { path, baudRate } = config.serial
    const head = { path, format, mostW, clock, ...(baudRate !== undefined && { baudRate }) }
    return watchedMeter(lines.infrared(head), options)
  }
  if (config.model === 'sunspec') return watchedMeter(sunSpecMeter(lines.to(config), unit, clock), options)
  const model = shippedModel(config.model)
  const line = lines.to(config, model)
  const rollsOverAtWh = rolloverWh(model)
  const meter = modelMeter(line, unit, model, clock)
  return watchedMeter(meter, { ...options, ...(rollsOverAtWh !== undefined && { rollsOverAtWh }) })
}

function inverterOf(config: NonNullable<AgentConfig['inverter']>, lines: Lines, clock: Clock): Inverter {
  if (config.model === 'sunspec') return sunSpecInverter(lines.to(config), config.unit, clock)
  const model = shippedModel(config.model)
  return modelInverter(lines.to(config, model), config.unit, model, clock)
}

async function main({ config, clock, signal, ready }: Program<AgentConfig>): Promise<void> {
  const log = pino({ level: config.logLevel })
  const transport = monotonicClock()
  const onWall = process.env.WATTFLEET_CLOCK === undefined
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 })
  const files = stateFiles(config.stateDir)
  const enrolled = await enrol(
    { files, claimPath: config.claimPath, service: enrolmentClient, transport, random, log },
    signal,
  )
  if (enrolled === undefined) return
  const { grant, tlsKeyPem } = enrolled
  const { gateway, brokerUrl, caPem, certificatePem } = grant
  const seal = sealer(enrolled, () => Uint8Array.from(randomBytes(16)))
  const signer = { epoch: grant.epoch, gateway: toHex(enrolled.key.publicKey) }
  const outbox = openSqliteOutbox(join(config.stateDir, 'outbox.sqlite'), seal, signer)
  const lines = openLines()
  // a scaled clock is made of the monotonic one and cannot be stepped
  const steady = onWall ? transport : clock
  try {
    const meter = gridMeter(meterOf(config.meter, lines, clock, steady, log), log, config.meter.feedsIn)
    const inverter = config.inverter && inverterOf(config.inverter, lines, clock)
    for (const device of [config.meter, config.inverter]) if (device) await lines.share(device)
    await runGateway(
      {
        clock,
        steady,
        transport,
        meter,
        sun: inverter && sunSource(inverter),
        outbox,
        link: mqttLink({ brokerUrl, gateway, caPem, certificatePem, keyPem: tlsKeyPem }, transport, random, log),
        // node-schedule knows only the wall's clock; a scaled one keeps its own time
        scheduler: onWall ? wallScheduler(clock) : clockScheduler(clock),
        identity: enrolled,
        strategy: config.strategy,
        pollMs: config.pollS * 1000,
        random,
        log,
      },
      signal,
      ready,
    )
  } finally {
    await lines.close()
    outbox.close()
  }
}

await runProgram(agentConfigSchema, main)

import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { modelMeter, openModbusTcp, shippedModel, sunSpecInverter } from '@wattfleet/devices'
import { monotonicClock, type Program, runProgram, toHex } from '@wattfleet/protocol'
import { pino } from 'pino'
import { enrolmentClient } from './adapters/enrolment-client.ts'
import { gridMeter, sunSource } from './adapters/modbus-devices.ts'
import { mqttLink } from './adapters/mqtt-link.ts'
import { clockScheduler, wallScheduler } from './adapters/schedulers.ts'
import { openSqliteOutbox } from './adapters/sqlite-outbox.ts'
import { stateFiles } from './adapters/state-files.ts'
import { type AgentConfig, agentConfigSchema } from './config.ts'
import { enrol } from './enrol.ts'
import { runGateway } from './gateway.ts'
import { sealer } from './identity.ts'

const random = () => randomBytes(4).readUInt32LE() / 2 ** 32

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
  const meterLine = openModbusTcp(config.meter)
  const inverterLine = config.inverter && openModbusTcp(config.inverter)
  try {
    const meter = gridMeter(modelMeter(meterLine, config.meter.unit, shippedModel(config.meter.model), clock), log)
    const inverter = config.inverter && inverterLine && sunSpecInverter(inverterLine, config.inverter.unit, clock)
    await runGateway(
      {
        clock,
        // a scaled clock is made of the monotonic one and cannot be stepped
        steady: onWall ? transport : clock,
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
    await Promise.allSettled([meterLine.close(), inverterLine?.close()])
    outbox.close()
  }
}

await runProgram(agentConfigSchema, main)

#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import {
  aborted,
  clockFromEnvironment,
  Fault,
  messageOf,
  monotonicMs,
  runProcess,
  scaledClock,
  tellReady,
} from '@wattfleet/protocol'
import type { Log } from './houses.ts'
import { buildDevices } from './scenario/build.ts'
import { readScenario } from './scenario/load.ts'
import { runScenario } from './scenario/run.ts'
import type { Scenario } from './scenario/schema.ts'
import { toldOf } from './scenario/told.ts'

const USAGE = `usage: wattfleet-simulate <file.yaml> [--check]

Serves the Modbus devices of a file: on Modbus TCP, on RTU over TCP, or on a serial line.
  --check   only says whether the file is right, and opens nothing
  --help    this

Exit codes: 0 stopped when asked, 1 a fault while running, 2 a file that cannot be used.
`

const log: Log = {
  info: (_, text) => void process.stdout.write(`${text}\n`),
  warn: (fields, text) => void process.stderr.write(`${text} ${JSON.stringify(fields)}\n`),
}

function argumentsOf(): { readonly file: string; readonly check: boolean } | undefined {
  try {
    const options = { check: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } as const
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    if (values.help) return undefined
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) throw new Error('expected one file')
    return { file: resolve(file), check: values.check }
  } catch (error) {
    throw new Fault('config', `${messageOf(error)}\n${USAGE}`, { cause: error })
  }
}

/** Everything that can be known of a file without opening anything. Throws Fault `config`. */
function check(scenario: Scenario, file: string): void {
  const nowMs = Date.now()
  buildDevices(scenario, file, dirname(file), {
    house: () => {
      throw new Fault('internal', 'no house is asked here')
    },
    nowMs: () => nowMs,
    startedMs: nowMs,
  })
}

async function run(scenario: Scenario, file: string, signal: AbortSignal): Promise<void> {
  const { speed } = scenario
  const clock =
    speed === 1
      ? clockFromEnvironment()
      : scaledClock({ monotonicMs: monotonicMs(), streetMs: Date.now(), rate: speed })
  const running = await runScenario(scenario, { source: file, clock, log, signal })
  for (const text of toldOf(running.lines)) log.info({}, text)
  if (running.controlPort !== undefined) log.info({}, `control: http://127.0.0.1:${running.controlPort}`)
  tellReady()
  await aborted(signal)
  await running.stop()
}

async function main(signal: AbortSignal): Promise<void> {
  const asked = argumentsOf()
  if (asked === undefined) {
    process.stdout.write(USAGE)
    return
  }
  const scenario = readScenario(asked.file)
  if (!asked.check) return run(scenario, asked.file, signal)
  check(scenario, asked.file)
  const { devices, lines, faults } = scenario
  const count = [devices.length, Object.keys(lines).length, faults.length]
  log.info({}, `${asked.file}: ${count[0]} devices on ${count[1]} lines, ${count[2]} faults: right`)
}

await runProcess(main)

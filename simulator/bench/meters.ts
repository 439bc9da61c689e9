import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { wallClock } from '@wattfleet/protocol'
import { simulatorConfig } from '../src/config.ts'
import { startSimulator } from '../src/simulator.ts'

/* So many houses' meters on Modbus TCP, each on a port of its own, until killed. Argument: how many. Says the ports, as JSON. */
const stateDir = mkdtempSync(join(tmpdir(), 'wattfleet-meters-'))
process.once('exit', () => rmSync(stateDir, { recursive: true, force: true }))
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit())

const meters = Number(parseArgs({ allowPositionals: true }).positionals[0])
const houses = Array.from({ length: meters }, (_, i) => ({ name: `house-${i}`, annualKwh: 3_500, meterPort: 0 }))
const config = simulatorConfig.parse({ stateDir, houses })
const warn = (_: object, text: string) => void process.stderr.write(`${text}\n`)
const quiet = () => undefined
const simulator = await startSimulator(config, wallClock(), { info: quiet, warn })
process.stdout.write(`${JSON.stringify(simulator.houses.map(({ meterPort }) => meterPort))}\n`)

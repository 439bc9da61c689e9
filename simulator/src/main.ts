import { aborted, runProgram } from '@wattfleet/protocol'
import { pino } from 'pino'
import { simulatorConfig } from './config.ts'
import { startSimulator } from './simulator.ts'

await runProgram(simulatorConfig, async ({ config, clock, signal, ready }) => {
  const log = pino({ name: 'simulator', level: config.logLevel })
  const simulator = await startSimulator(config, clock, log, signal)
  ready()
  log.info({ houses: simulator.houses.length }, 'simulator serves')
  await aborted(signal)
  await simulator.stop()
  log.info({}, 'simulator stopped')
})

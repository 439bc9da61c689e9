import { aborted, runProgram } from '@wattfleet/protocol'
import { pino } from 'pino'
import { simulatorConfig } from './config.ts'
import { startSimulator } from './simulator.ts'

const ABOUT = `The street's houses behind Modbus sockets. To simulate other devices: wattfleet-simulate.
The configuration's fields are described in simulator/src/config.ts.`

await runProgram(simulatorConfig, ABOUT, async ({ config, clock, signal, ready }) => {
  const log = pino({ name: 'simulator', level: config.logLevel })
  const simulator = await startSimulator(config, clock, log, signal)
  ready()
  log.info({ houses: simulator.houses.length }, 'simulator serves')
  await aborted(signal)
  await simulator.stop()
  log.info({}, 'simulator stopped')
})

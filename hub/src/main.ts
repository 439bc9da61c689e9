import { runProgram } from '@wattfleet/protocol'
import { hubConfig } from './config.ts'
import { runHub } from './hub.ts'

await runProgram(hubConfig, ({ config, clock, signal, ready }) => runHub(config, clock, signal, ready))

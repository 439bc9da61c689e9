import { runProgram } from '@wattfleet/protocol'
import { hubConfig } from './config.ts'
import { runHub } from './hub.ts'

const ABOUT = `The hub: takes in what gateways sign, relays it to the chain, keeps the orderbook, matches, settles, and serves the API.
The configuration's fields are described in hub/src/config.ts.`

await runProgram(hubConfig, ABOUT, ({ config, clock, signal, ready }) => runHub(config, clock, signal, ready))

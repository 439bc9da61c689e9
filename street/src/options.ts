import { parseArgs } from 'node:util'
import { checkConfig, Fault, messageOf, readConfig } from '@wattfleet/protocol'
import { z } from 'zod'

const port = z.coerce.number().int().min(1).max(65_535)

/** What `npm start` can be told, in a file (`--config`) or by flags; a flag wins. */
export const streetOptions = z.strictObject({
  /** Everything that must survive a stop: keys, chain, orders, counters, logs. */
  stateDir: z.string().min(1).default('.wattfleet'),
  /** All parts bind here. */
  host: z.string().min(1).default('127.0.0.1'),
  httpPort: port.default(8080),
  mqttPort: port.default(8883),
  chainPort: port.default(9944),
  enrolPort: port.default(8443),
  /** First of the simulated devices' ports. */
  devicePort: port.default(5020),
  /** Street seconds per second. */
  rate: z.coerce.number().min(1).max(60).default(30),
  /** Ends after three trades have settled, with the totals as one JSON object in the last line of standard output. */
  once: z.boolean().default(false),
  /** Forgets what is stored and starts over. */
  fresh: z.boolean().default(false),
})

export type StreetOptions = z.infer<typeof streetOptions>

const FLAGS = {
  config: { type: 'string' },
  'state-dir': { type: 'string' },
  host: { type: 'string' },
  'http-port': { type: 'string' },
  'mqtt-port': { type: 'string' },
  'chain-port': { type: 'string' },
  'enrol-port': { type: 'string' },
  'device-port': { type: 'string' },
  rate: { type: 'string' },
  once: { type: 'boolean' },
  fresh: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

export const USAGE = `npm start -- [flags]

  --once              run until three trades have settled, print the totals as JSON, exit 0 (1 after 300 s without)
  --fresh             forget what is stored and start over
  --state-dir DIR     where everything is kept             (.wattfleet)
  --rate N            street seconds per second, 1 to 60   (30)
  --http-port PORT    page and API                         (8080)
  --mqtt-port PORT    broker, MQTT over TLS                (8883)
  --chain-port PORT   the chain's RPC                      (9944)
  --enrol-port PORT   enrolment, HTTPS                     (8443)
  --device-port PORT  first of the simulated devices       (5020)
  --host ADDRESS      what everything binds to             (127.0.0.1)
  --config FILE       the same as JSON, in camel case; a flag wins
`

const camel = (flag: string) => flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** The options of a command line; undefined where help is asked for. Throws Fault `config`. */
export function parseOptions(argv: readonly string[]): StreetOptions | undefined {
  let values: Record<string, string | boolean | undefined>
  try {
    values = parseArgs({ args: [...argv], options: FLAGS, strict: true }).values
  } catch (error) {
    throw new Fault('config', `${messageOf(error)}\n\n${USAGE}`, { cause: error })
  }
  const { config, help, ...flags } = values
  if (help === true) return undefined
  const fromFile = typeof config === 'string' ? readConfig(config, z.record(z.string(), z.unknown())) : {}
  const given = Object.fromEntries(Object.entries(flags).map(([flag, value]) => [camel(flag), value]))
  return checkConfig({ ...fromFile, ...given }, streetOptions, 'street')
}

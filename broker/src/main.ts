import { readFileSync } from 'node:fs'
import { aborted, Fault, messageOf, runProgram } from '@wattfleet/protocol'
import { pino } from 'pino'
import { startBroker } from './broker.ts'
import { brokerConfig } from './config.ts'
import { fingerprintsByFile } from './fingerprints.ts'
import { startStatusServer } from './status-server.ts'

/** How often the counters are written to the log, ms. */
const STATS_EVERY_MS = 60_000

const ABOUT = `The embedded MQTT broker: gateways with a certificate publish and hear what is theirs.
The configuration's fields are described in broker/src/config.ts.`

await runProgram(brokerConfig, ABOUT, async ({ config, signal, ready }) => {
  const log = pino({ name: 'broker', level: config.logLevel })
  const broker = await startBroker({
    host: config.host,
    port: config.port,
    caPem: readPem(config.caPath),
    certificatePem: readPem(config.certPath),
    privateKeyPem: readPem(config.keyPath),
    limits: config.limits,
    log,
    ...(config.redis && { redis: config.redis }),
    ...(config.stateDir !== undefined && { stateDir: config.stateDir }),
    ...(config.revokedPath !== undefined && {
      isRevoked: fingerprintsByFile(config.revokedPath, 'revoked certificates', log),
    }),
    ...(config.registryPath !== undefined && {
      isKnown: fingerprintsByFile(config.registryPath, 'known certificates', log, { missesAreRare: true }),
    }),
  })
  const status = config.status && (await startStatusServer(config.status, broker.stats))
  const stats = setInterval(() => log.info(broker.stats(), 'counters'), STATS_EVERY_MS)
  ready()
  await aborted(signal)
  clearInterval(stats)
  await status?.stop()
  await broker.stop()
})

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Fault('config', `${path}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

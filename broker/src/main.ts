import { aborted, listedInFile, messageOf, readText, runProgram } from '@wattfleet/protocol'
import { pino } from 'pino'
import { type Broker, startBroker } from './broker.ts'
import { type BrokerConfig, brokerConfig } from './config.ts'
import type { DoorKeys } from './door.ts'
import { startStatusServer } from './status-server.ts'

/** How often the lists of certificates are looked at, ms: they are asked with every message. */
const LIST_EVERY_MS = 200
/** How often the counters are written to the log, ms. */
const STATS_EVERY_MS = 60_000
/** How often the files of the certificates are looked at, ms. */
const KEYS_EVERY_MS = 2_000

const ABOUT = `The embedded MQTT broker: gateways with a certificate publish and hear what is theirs.
The configuration's fields are described in broker/src/config.ts.`

await runProgram(brokerConfig, ABOUT, async ({ config, signal, ready }) => {
  const log = pino({ name: 'broker', level: config.logLevel })
  const list = { what: 'a SHA-256 fingerprint', log, lookEveryMs: LIST_EVERY_MS }
  const broker = await startBroker({
    host: config.host,
    port: config.port,
    ...keysIn(config),
    limits: config.limits,
    log,
    ...(config.redis && { redis: config.redis }),
    ...(config.stateDir !== undefined && { stateDir: config.stateDir }),
    ...(config.revokedPath !== undefined && {
      isRevoked: listedInFile({ path: config.revokedPath, about: 'list of revoked certificates', ...list }),
    }),
    ...(config.registryPath !== undefined && {
      isKnown: listedInFile({
        ...{ path: config.registryPath, about: 'list of known certificates', missesAreRare: true, ...list },
      }),
    }),
  })
  const status = config.status && (await startStatusServer(config.status, broker.stats))
  const stats = setInterval(() => log.info(broker.stats(), 'counters'), STATS_EVERY_MS)
  const keys = setInterval(keysKeeper(config, broker, log), KEYS_EVERY_MS)
  ready()
  await aborted(signal)
  clearInterval(stats)
  clearInterval(keys)
  await status?.stop()
  await broker.stop()
})

function keysIn({ caPath, certPath, keyPath }: BrokerConfig): DoorKeys {
  return { caPem: readText(caPath), certificatePem: readText(certPath), privateKeyPem: readText(keyPath) }
}

/** Takes other certificates when their files change; those that cannot be used, as between two files, are tried again. */
function keysKeeper(config: BrokerConfig, broker: Broker, log: pino.Logger): () => void {
  let shown = JSON.stringify(keysIn(config))
  return () => {
    try {
      const keys = keysIn(config)
      const now = JSON.stringify(keys)
      if (now === shown) return
      broker.setKeys(keys)
      shown = now
      log.info('other certificates are shown and trusted from now on')
    } catch (error) {
      log.error({ error: messageOf(error) }, 'the certificates cannot be used; the last good ones stay')
    }
  }
}

import type { OnNode } from '@wattfleet/chain'
import { aborted, monotonicMs, pause, runProgram, wallClock } from '@wattfleet/protocol'
import { pino } from 'pino'
import { openRegistrar } from './adapters/chain-registrar.ts'
import { openGatekeeper, readSecret } from './adapters/gatekeeper.ts'
import { hubTrades } from './adapters/hub-trades.ts'
import type { Gatekeeper, Messenger } from './admission.ts'
import { startApi } from './api/server.ts'
import { type ProvisioningConfig, provisioningConfig } from './config.ts'
import { enroller } from './enrol.ts'
import { abandonStale, refusedKeeper, writeRefused } from './fleet.ts'
import { fleetViewer } from './fleet-view.ts'
import { importFile, type Office, openOffice, serviceIdentity } from './office.ts'
import { keepRegistering } from './register.ts'
import { startServer } from './server.ts'
import { keepTelling } from './telling.ts'

type Hook = NonNullable<ProvisioningConfig['hook']>

/** A session is to be cut within 5 s of what an operator says. */
const TIDY_EVERY_MS = 1_000

const ABOUT = `The utility's enrolment service: gateways with a claim get their certificate and their configuration.
The configuration's fields are described in provisioning/src/config.ts.`

/** Frees the claims of gateways that began to enrol and were not heard since, and keeps the broker's list as the store says. */
async function keepTidy({ store, refusedPath }: Office, nowMs: () => number, log: pino.Logger, signal: AbortSignal) {
  const keepRefused = refusedKeeper(store, refusedPath)
  while (!signal.aborted) {
    const serials = abandonStale(store, nowMs())
    if (serials.length > 0) log.warn({ serials }, 'did not complete their enrolment: their claims are free again')
    keepRefused(nowMs())
    await pause(TIDY_EVERY_MS, signal)
  }
}

function gatekeeperOf(
  { url, secretPath, timeoutMs }: Hook,
  nowMs: () => number,
  log: pino.Logger,
): Gatekeeper & Messenger {
  const onUnavailable = (why: string) => log.error({ why }, 'the utility’s own system does not answer')
  return openGatekeeper({ url, secret: readSecret(secretPath), timeoutMs, nowMs, monotonicMs, onUnavailable })
}

/** The API for operators, where the configuration wants one. */
async function openApi(office: Office, config: ProvisioningConfig, nowMs: () => number, log: pino.Logger) {
  if (config.api === undefined) return undefined
  const { store, claims, refusedPath } = office
  const api = await startApi({
    ...{ ...config.api, ...(await serviceIdentity(office.authority, config)), log, nowMs },
    ...{ store, claims, refusedPath, byHand: config.approval, tagsOf: () => [] },
    fleet: fleetViewer(store, () => new Map()),
    trades: config.hubApiUrl === undefined ? undefined : hubTrades(config.hubApiUrl),
  })
  log.info({ host: config.api.host, port: api.port }, 'API serves')
  return api
}

await runProgram(provisioningConfig, ABOUT, async ({ config, signal, ready }) => {
  const log = pino({ name: 'provisioning', level: config.logLevel })
  const { nowMs } = wallClock() // certificates and the audit are the wall's business, not the market's
  const office = await openOffice(config)
  let chain: Awaited<ReturnType<typeof openRegistrar>> | undefined
  try {
    if (config.manifestPath !== undefined) {
      const { added, known, claims } = importFile(office, config.manifestPath, nowMs())
      log.info({ added, known, claims: claims.length }, 'manifest imported')
    }
    const { chainEndpoints: endpoints, operatorSeedPath, stateDir, community, initialFundsNano, roleFunds } = config
    const onNode: OnNode = (endpoint, fate, why) => {
      log[fate === 'refused' ? 'error' : 'info']({ endpoint, why }, `chain node ${fate}`)
    }
    chain = await openRegistrar({ endpoints, operatorSeedPath, stateDir, community, onNode }, signal)
    const onConflict = (serials: readonly string[], why: string) => {
      writeRefused(office.store, office.refusedPath, nowMs())
      log.error({ serials }, `quarantined: ${why}`)
    }
    const onStranger = (serial: string, why: string) => log.error({ serial }, why)
    const gatekeeper = config.hook && gatekeeperOf(config.hook, nowMs, log)
    const enrol = enroller({ ...office, chain, settings: config, nowMs, onConflict, onStranger, gatekeeper })
    const { host, port } = config
    const server = await startServer({ host, port, ...(await serviceIdentity(office.authority, config)), enrol, log })
    log.info({ host, port: server.port }, 'enrolment serves')
    const api = await openApi(office, config, nowMs, log)
    const registering = keepRegistering(office.store, chain, { community, initialFundsNano, roleFunds }, log, signal)
    ready()
    const telling = gatekeeper && keepTelling(office.store, gatekeeper, log, signal)
    await Promise.all([aborted(signal), registering, telling, keepTidy(office, nowMs, log, signal)])
    await Promise.all([server.stop(), api?.stop()])
  } finally {
    // also where the port is taken: an open connection would keep the process
    await chain?.close()
    office.store.close()
  }
})

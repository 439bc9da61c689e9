import type { OnNode } from '@wattfleet/chain'
import { aborted, messageOf, pause, runProgram, wallClock } from '@wattfleet/protocol'
import { pino } from 'pino'
import { openRegistrar } from './adapters/chain-registrar.ts'
import { hubTrades } from './adapters/hub-trades.ts'
import { startApi } from './api/server.ts'
import { type ProvisioningConfig, provisioningConfig } from './config.ts'
import { enroller } from './enrol.ts'
import { abandonStale, refusedKeeper, writeRefused } from './fleet.ts'
import { fleetViewer } from './fleet-view.ts'
import { importFile, type Office, openOffice, serviceIdentity } from './office.ts'
import { keepRegistering } from './register.ts'
import { renewer } from './renew.ts'
import { type EnrolmentServer, startServer } from './server.ts'

/** A session is to be cut within 5 s of what an operator says. */
const TIDY_EVERY_MS = 1_000
/** How soon the service stands under a CA that was put in force. */
const IDENTITY_EVERY_MS = 10_000

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

/** The service's own certificate is issued anew before it ends, and when another CA issues: without a restart. */
async function keepIdentityFresh(
  { authority }: Office,
  config: ProvisioningConfig,
  servers: readonly (Pick<EnrolmentServer, 'setIdentity'> | undefined)[],
  log: pino.Logger,
  signal: AbortSignal,
) {
  let shown = (await serviceIdentity(authority, config)).certificatePem
  while (!signal.aborted) {
    await pause(IDENTITY_EVERY_MS, signal)
    try {
      const identity = await serviceIdentity(authority, config)
      if (identity.certificatePem === shown) continue
      for (const server of servers) server?.setIdentity(identity)
      shown = identity.certificatePem
      log.info('the service shows another certificate')
    } catch (error) {
      log.error({ error: messageOf(error) }, 'the certificate of the service cannot be looked after')
    }
  }
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
    const parts = { ...office, chain, settings: config, nowMs, onConflict }
    const { host, port } = config
    const identity = await serviceIdentity(office.authority, config)
    const server = await startServer({ host, port, ...identity, enrol: enroller(parts), renewer: renewer(parts), log })
    log.info({ host, port: server.port }, 'enrolment serves')
    const api = await openApi(office, config, nowMs, log)
    const registering = keepRegistering(office.store, chain, { community, initialFundsNano, roleFunds }, log, signal)
    ready()
    const tending = [
      keepTidy(office, nowMs, log, signal),
      keepIdentityFresh(office, config, [server, api], log, signal),
    ]
    await Promise.all([aborted(signal), registering, ...tending])
    await Promise.all([server.stop(), api?.stop()])
  } finally {
    // also where the port is taken: an open connection would keep the process
    await chain?.close()
    office.store.close()
  }
})

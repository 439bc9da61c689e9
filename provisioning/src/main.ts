import type { OnNode } from '@wattfleet/chain'
import { aborted, messageOf, monotonicMs, pause, runProgram, toHex, wallClock } from '@wattfleet/protocol'
import { pino } from 'pino'
import { openRegistrar } from './adapters/chain-registrar.ts'
import { openGatekeeper, readSecret } from './adapters/gatekeeper.ts'
import { hubTrades } from './adapters/hub-trades.ts'
import type { Gatekeeper, Messenger } from './admission.ts'
import { startApi } from './api/server.ts'
import { keepClaimFiles } from './claims.ts'
import { type ProvisioningConfig, provisioningConfig } from './config.ts'
import { enroller } from './enrol.ts'
import { abandonStale, listedSoon, refusedKeeper, writeRefused } from './fleet.ts'
import { runFleetService } from './fleet-service.ts'
import { fleetViewer } from './fleet-view.ts'
import { listedFirst } from './listed-first.ts'
import { importFile, type Office, openOffice, serviceIdentity } from './office.ts'
import { keepRegistering } from './register.ts'
import { renewer } from './renew.ts'
import { type EnrolmentServer, startServer } from './server.ts'
import { keepTelling } from './telling.ts'

type Hook = NonNullable<ProvisioningConfig['hook']>

/** A session is to be cut within 5 s of what an operator says. */
const TIDY_EVERY_MS = 1_000
/** Every so many turns the lists are written whatever has changed. */
const LISTS_ANYWAY_TURNS = 60
/** How soon the service stands under a CA that was put in force. */
const IDENTITY_EVERY_MS = 10_000

const ABOUT = `The utility's enrolment service: gateways with a claim get their certificate and their configuration.
The configuration's fields are described in provisioning/src/config.ts.`

/** Frees the claims of gateways that began to enrol and were not heard since, and keeps the broker's list as the store says. */
async function keepTidy(
  { store, refusedPath }: Office,
  keepRefused: (nowMs: number) => void,
  nowMs: () => number,
  log: pino.Logger,
  signal: AbortSignal,
) {
  for (let turn = 1; !signal.aborted; turn++) {
    try {
      const serials = abandonStale(store, nowMs())
      if (serials.length > 0) log.warn({ serials }, 'did not complete their enrolment: their claims are free again')
      // a command that made its lists a moment before may have written them a moment after
      if (turn % LISTS_ANYWAY_TURNS === 0) writeRefused(store, refusedPath, nowMs())
      else keepRefused(nowMs())
    } catch (error) {
      // a disk that is full, a store that is locked: the next time it may do
      log.error({ error: messageOf(error) }, 'the lists for broker and hub cannot be kept')
    }
    await pause(TIDY_EVERY_MS, signal)
  }
}

/** The API for operators, where the configuration wants one. */
async function openApi(office: Office, config: ProvisioningConfig, nowMs: () => number, log: pino.Logger) {
  if (config.api === undefined) return undefined
  const { store, claims, refusedPath } = office
  const api = await startApi({
    ...{ ...config.api, ...(await serviceIdentity(office.authority, config)), log, nowMs },
    ...{ store, claims, refusedPath, community: config.community, byHand: config.approval, fleet: fleetViewer(store) },
    trades: config.hubApiUrl === undefined ? undefined : hubTrades(config.hubApiUrl),
  })
  log.info({ host: config.api.host, port: api.port }, 'API serves')
  return api
}

function gatekeeperOf(
  { url, secretPath, timeoutMs }: Hook,
  nowMs: () => number,
  log: pino.Logger,
): Gatekeeper & Messenger {
  const onUnavailable = (why: string) => log.error({ why }, 'the utility’s own system does not answer')
  return openGatekeeper({ url, secret: readSecret(secretPath), timeoutMs, nowMs, monotonicMs, onUnavailable })
}

/** The service's own certificate is issued anew before it ends, and when another CA issues: without a restart. */
async function keepIdentityFresh(
  { authority }: Office,
  config: ProvisioningConfig,
  servers: readonly Pick<EnrolmentServer, 'setIdentity'>[],
  log: pino.Logger,
  signal: AbortSignal,
) {
  let shown = (await serviceIdentity(authority, config)).certificatePem
  while (!signal.aborted) {
    await pause(IDENTITY_EVERY_MS, signal)
    try {
      const identity = await serviceIdentity(authority, config)
      if (identity.certificatePem === shown) continue
      for (const server of servers) server.setIdentity(identity)
      shown = identity.certificatePem
      log.info('the service shows another certificate')
    } catch (error) {
      log.error({ error: messageOf(error) }, 'the certificate of the service cannot be looked after')
    }
  }
}

await runProgram(provisioningConfig, ABOUT, async ({ config, clock, signal, ready }) => {
  const log = pino({ name: 'provisioning', level: config.logLevel })
  const { nowMs } = wallClock() // certificates and the audit are the wall's business, not the market's
  const office = await openOffice(config)
  let chain: Awaited<ReturnType<typeof openRegistrar>> | undefined
  try {
    if (config.manifestPath !== undefined) {
      const { community, manifestPath } = config
      const { added, known, claims } = await importFile(office, manifestPath, { community, nowMs: nowMs(), signal })
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
    const settings = { ...config, utilityKey: toHex(office.utilityKey.publicKey) }
    const onStranger = (serial: string, why: string) => log.error({ serial }, why)
    const gatekeeper = config.hook && gatekeeperOf(config.hook, nowMs, log)
    const parts = { ...office, chain, settings, nowMs, onConflict, onStranger, gatekeeper }
    const { host, port } = config
    const identity = await serviceIdentity(office.authority, config)
    const caPem = () => office.authority.caPem
    const keepLists = refusedKeeper(office.store, office.refusedPath)
    const listed = listedSoon(keepLists, nowMs)
    // whoever has a certificate connects with it at once
    const answers = { ...listedFirst(enroller(parts), renewer(parts), listed), caPem }
    const server = await startServer({ host, port, ...identity, ...answers, log })
    log.info({ host, port: server.port }, 'enrolment serves')
    const api = await openApi(office, config, nowMs, log)
    const servers = api === undefined ? [server] : [server, api]
    const registering = keepRegistering(office.store, chain, { community, initialFundsNano, roleFunds }, log, signal)
    const fleet = runFleetService({ office, config, clock, nowMs, log }, signal)
    ready()
    const tending = [
      keepTidy(office, keepLists, nowMs, log, signal),
      keepClaimFiles(office.store, config.claimsDir, log, signal),
      keepIdentityFresh(office, config, servers, log, signal),
    ]
    const telling = gatekeeper && keepTelling(office.store, gatekeeper, log, signal)
    await Promise.all([aborted(signal), registering, fleet, telling, ...tending])
    await Promise.all([server.stop(), api?.stop()])
  } finally {
    // also where the port is taken: an open connection would keep the process
    await chain?.close()
    office.store.close()
  }
})

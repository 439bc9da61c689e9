import type { OnNode } from '@wattfleet/chain'
import { aborted, pause, runProgram, wallClock } from '@wattfleet/protocol'
import { pino } from 'pino'
import { openRegistrar } from './adapters/chain-registrar.ts'
import { provisioningConfig } from './config.ts'
import { type Enrol, enroller } from './enrol.ts'
import { abandonStale, listedSoon, refusedKeeper, writeRefused } from './fleet.ts'
import { importFile, type Office, openOffice, serviceIdentity } from './office.ts'
import { keepRegistering } from './register.ts'
import { startServer } from './server.ts'

/** A session is to be cut within 5 s of what an operator says. */
const TIDY_EVERY_MS = 1_000

const ABOUT = `The utility's enrolment service: gateways with a claim get their certificate and their configuration.
The configuration's fields are described in provisioning/src/config.ts.`

/** Frees the claims of gateways that began to enrol and were not heard since, and keeps the broker's list as the store says. */
async function keepTidy(
  { store }: Office,
  keepRefused: (nowMs: number) => void,
  nowMs: () => number,
  log: pino.Logger,
  signal: AbortSignal,
) {
  while (!signal.aborted) {
    const serials = abandonStale(store, nowMs())
    if (serials.length > 0) log.warn({ serials }, 'did not complete their enrolment: their claims are free again')
    keepRefused(nowMs())
    await pause(TIDY_EVERY_MS, signal)
  }
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
    const keepRefused = refusedKeeper(office.store, office.refusedPath)
    const listed = listedSoon(keepRefused, nowMs)
    const enrolOne = enroller({ ...office, chain, settings: config, nowMs, onConflict })
    const enrol: Enrol = async (body, stop) => {
      const answer = await enrolOne(body, stop)
      if (answer.ok) await listed() // it will connect at once
      return answer
    }
    const { host, port } = config
    const server = await startServer({ host, port, ...(await serviceIdentity(office.authority, config)), enrol, log })
    log.info({ host, port: server.port }, 'enrolment serves')
    const registering = keepRegistering(office.store, chain, { community, initialFundsNano, roleFunds }, log, signal)
    ready()
    await Promise.all([aborted(signal), registering, keepTidy(office, keepRefused, nowMs, log, signal)])
    await server.stop()
  } finally {
    // also where the port is taken: an open connection would keep the process
    await chain?.close()
    office.store.close()
  }
})

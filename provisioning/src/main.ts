import type { OnNode } from '@wattfleet/chain'
import { aborted, runProgram, wallClock } from '@wattfleet/protocol'
import { pino } from 'pino'
import { openRegistrar } from './adapters/chain-registrar.ts'
import { provisioningConfig } from './config.ts'
import { enroller } from './enrol.ts'
import { importFile, openOffice, serviceIdentity } from './office.ts'
import { keepRegistering } from './register.ts'
import { startServer } from './server.ts'

const ABOUT = `The utility's enrolment service: gateways with a claim get their certificate and their configuration.
The configuration's fields are described in provisioning/src/config.ts.`

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
    const enrol = enroller({ ...office, chain, settings: config, nowMs })
    const { host, port } = config
    const server = await startServer({ host, port, ...(await serviceIdentity(office.authority, config)), enrol, log })
    log.info({ host, port: server.port }, 'enrolment serves')
    const registering = keepRegistering(office.store, chain, { community, initialFundsNano, roleFunds }, log, signal)
    ready()
    await Promise.all([aborted(signal), registering])
    await server.stop()
  } finally {
    // also where the port is taken: an open connection would keep the process
    await chain?.close()
    office.store.close()
  }
})

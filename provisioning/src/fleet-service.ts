import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, Fault, messageOf, pause } from '@wattfleet/protocol'
import type { pino } from 'pino'
import { openFleetLink } from './adapters/fleet-link.ts'
import { issueUtilityCertificate, keepIdentity } from './authority/identities.ts'
import type { ProvisioningConfig } from './config.ts'
import type { FleetLink } from './fleet-ports.ts'
import type { Office } from './office.ts'
import { rolloutTurns } from './rollouts.ts'
import { statusKeeper } from './status-keeper.ts'

/** Statuses come once a minute from each gateway: they are kept together, and nobody waits longer than this for them. */
const FLUSH_EVERY_MS = 2_000
const TURN_EVERY_MS = 1_000
/** How soon it stands under a CA that was put in force. */
const IDENTITY_EVERY_MS = 60_000
const NAME = 'utility'

export interface FleetServiceParts {
  readonly office: Office
  readonly config: Pick<ProvisioningConfig, 'stateDir' | 'brokerUrl' | 'fleetBrokerUrl'>
  /** The market's clock. */
  readonly clock: Pick<Clock, 'nowMs'>
  /** The wall's. */
  readonly nowMs: () => number
  readonly log: pino.Logger
}

/**
 * Listens to what gateways say of themselves, and carries roll-outs to them, until aborted; however long the broker is away.
 */
export async function runFleetService(parts: FleetServiceParts, signal: AbortSignal): Promise<void> {
  const { office, config, clock, nowMs, log } = parts
  const { store, authority, utilityKey } = office
  const issue = () => issueUtilityCertificate(authority, NAME)
  const keeper = statusKeeper(store, clock, nowMs)
  const identity = async () => {
    const paths = await keepIdentity(authority, join(config.stateDir, 'tls'), NAME, issue)
    const [caPem, certificatePem, keyPem] = [paths.caPath, paths.certPath, paths.keyPath].map((path) =>
      readFileSync(path, 'utf8'),
    ) as [string, string, string]
    return { caPem, certificatePem, keyPem }
  }
  const openAs = (own: Awaited<ReturnType<typeof identity>>) =>
    openFleetLink(
      { brokerUrl: config.fleetBrokerUrl ?? config.brokerUrl, name: NAME, ...own },
      keeper.heard,
      (isUp, why) =>
        log[isUp ? 'info' : 'warn']({ why }, isUp ? 'connected to the broker' : 'no connection to the broker'),
    )
  let own = await identity()
  let open = openAs(own)
  /** Certificates end and roots are replaced while the service runs. */
  const keepFresh = async () => {
    const now = await identity()
    if (now.caPem === own.caPem && now.certificatePem === own.certificatePem) return
    own = now
    await open.stop()
    open = openAs(own)
  }
  const link: FleetLink = {
    get isUp() {
      return open.isUp
    },
    send: (...message) => open.send(...message),
  }
  const turn = rolloutTurns({ store, link, utilityKey, nowMs, clock })
  try {
    await Promise.all([
      every(FLUSH_EVERY_MS, async () => void keeper.flush(), log, signal),
      every(TURN_EVERY_MS, turn, log, signal),
      every(IDENTITY_EVERY_MS, keepFresh, log, signal),
    ])
  } finally {
    await open.stop()
  }
}

/** Again and again. A store that is locked or full is tried again the next time; any other fault goes on. */
async function every(ms: number, body: () => Promise<void>, log: pino.Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await body()
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'store')) throw error
      log.error({ error: messageOf(error) }, 'the store failed')
    }
    await pause(ms, signal)
  }
}

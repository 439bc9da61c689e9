import { clearClaimFiles } from '../claims.ts'
import { saidOf } from '../core/devices.ts'
import { approve, gatewayOf, OPERATOR_EVENTS, type OperatorEvent, take, writeRefused } from '../fleet.ts'
import type { SiteRecord } from '../ports.ts'
import { argumentOf, type Command, type Commands, deedOf, onOffice, onStore } from './command.ts'

const ABOUT: Record<OperatorEvent, string> = {
  suspend: 'stop it for a while',
  resume: 'let a suspended one trade again',
  release: 'end its quarantine: all is well with the keys that it has',
  revoke: 'its keys are dead; reissue brings it back',
  retire: 'take it out of service for good',
}

/** What an operator may do with one gateway. */
export const lifeCommands: Commands = {
  list: onStore([], 'gateways, their sites and states', (store) => store.sites().map(shown)),
  show: onStore(['<gateway>'], 'one gateway', (store, asked) => shown(gatewayOf(store, argumentOf(asked)))),
  approve: onOffice(['<gateway>'], 'let a gateway in that waits for it', ({ store }, asked) =>
    shown(approve(store, argumentOf(asked), deedOf(asked))),
  ),
  ...Object.fromEntries(OPERATOR_EVENTS.map((event) => [event, moving(event)])),
}

function moving(event: OperatorEvent): Command {
  return onOffice(['<gateway>'], ABOUT[event], async ({ store, refusedPath, claims }, asked) => {
    const record = take(store, argumentOf(asked), event, deedOf(asked))
    writeRefused(store, refusedPath, asked.nowMs)
    await clearClaimFiles(store, claims.claimsDir, [record.serial])
    return shown(record)
  })
}

/** A gateway as a command prints it. */
export function shown(record: SiteRecord) {
  const { serial, household, site, gateway, state, isApproved, onChain, grant } = record
  return {
    ...{ serial, household, site, gateway, state, onChain },
    ...saidOf(record),
    ...(state === 'claimed' && { isApproved }),
    ...(grant !== undefined && { epoch: grant.epoch }),
  }
}

import { checkConfig } from '@wattfleet/protocol'
import { reissueClaim } from '../claims.ts'
import { gatewayOf, writeRefused } from '../fleet.ts'
import { approveReset, pendingResets, refuseReset } from '../strangers.ts'
import { newHome, transfer } from '../transfer.ts'
import { argumentOf, type Commands, deedOf, onOffice, onStore } from './command.ts'
import { shown } from './life.ts'

/** Gateways that were reset, that go to another household, or are to be forgotten. */
export const moveCommands: Commands = {
  'reset list': onStore([], 'other keys that have the claim of a gateway and wait for an approval', (store) =>
    pendingResets(store).map(({ stranger: { signingKey, metMs, askedMs }, record: { serial, household, state } }) => ({
      ...{ serial, household, state, signingKey },
      ...{ since: new Date(metMs).toISOString(), askedAt: new Date(askedMs).toISOString() },
    })),
  ),
  'reset approve': onOffice(
    ['<gateway>', '<key>'],
    'let these keys in, in place of those that it has; the key as the gateway’s log says it, or its first 8 digits',
    ({ store, refusedPath }, asked) => {
      const record = approveReset(store, argumentOf(asked), argumentOf(asked, 1), deedOf(asked))
      writeRefused(store, refusedPath, asked.nowMs)
      return shown(record)
    },
  ),
  'reset refuse': onOffice(['<gateway>'], 'refuse all keys that wait there', ({ store }, asked) =>
    shown(refuseReset(store, argumentOf(asked), deedOf(asked))),
  ),
  transfer: onOffice(
    ['<gateway>'],
    'to another household: --household --member, and --site --zone --capImportWh --capExportWh where they differ; --meter, --meterAddress … of its devices',
    ({ store, claims, refusedPath }, asked) => {
      const { reason: _, ...home } = asked.options
      const { from, to } = transfer(store, argumentOf(asked), checkConfig(home, newHome, 'transfer'), deedOf(asked))
      writeRefused(store, refusedPath, asked.nowMs)
      return { from: shown(from), to: shown(to), claim: reissueClaim(store, claims, to.site, deedOf(asked)) }
    },
    Object.fromEntries(Object.keys(newHome.shape).map((name) => [name, { type: 'string' }])),
    ['household', 'member'],
  ),
  forget: onOffice(
    ['<gateway>'],
    'erase the household of one that is retired; its tombstone stays',
    ({ store }, asked) => {
      const { site } = gatewayOf(store, argumentOf(asked))
      store.forget(site, deedOf(asked))
      return shown(gatewayOf(store, site))
    },
  ),
}

import { reissueClaim } from '../claims.ts'
import { gatewayOf } from '../fleet.ts'
import { checkFile, importFile } from '../office.ts'
import { argumentOf, type Commands, deedOf, onOffice } from './command.ts'

/** From a list of gateways to their claims. */
export const manifestCommands: Commands = {
  import: onOffice(
    ['<manifest.csv>'],
    'add the gateways of a manifest and write their claims; --dry-run only checks it',
    (office, asked) => {
      const path = argumentOf(asked)
      return asked.options['dry-run'] ? checkFile(office, path) : importFile(office, path, asked.nowMs)
    },
    { 'dry-run': { type: 'boolean' } },
  ),
  reissue: onOffice(['<gateway>'], 'put a new claim in force, and nothing before it', ({ store, claims }, asked) => ({
    claim: reissueClaim(store, claims, gatewayOf(store, argumentOf(asked)).site, deedOf(asked)),
  })),
}

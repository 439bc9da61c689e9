import { monotonicMs } from '@wattfleet/protocol'
import { reissueClaim } from '../claims.ts'
import { gatewayOf } from '../fleet.ts'
import { checkFile, importFile } from '../office.ts'
import { type Answer, type Asked, argumentOf, type Commands, deedOf, onOffice } from './command.ts'
import { progressOn } from './progress.ts'

/** From a list of gateways to their claims. */
export const manifestCommands: Commands = {
  import: {
    arguments: ['<manifest>'],
    about: 'add the gateways of a CSV or YAML list and write their claims; --dry-run only checks it',
    options: { 'dry-run': { type: 'boolean' } },
    run: importing,
  },
  reissue: onOffice(['<gateway>'], 'put a new claim in force, and nothing before it', ({ store, claims }, asked) => ({
    claim: reissueClaim(store, claims, gatewayOf(store, argumentOf(asked)).site, deedOf(asked)),
  })),
}

async function importing(asked: Asked): Promise<Answer> {
  const path = argumentOf(asked)
  const { config, nowMs, signal } = asked
  const { community } = config
  if (asked.options['dry-run']) return { value: checkFile(asked.look(), path, community) }
  const onProgress = progressOn(process.stderr, 'gateways', monotonicMs)
  const { left, ...done } = await importFile(await asked.office(), path, {
    ...{ community, nowMs, onProgress, signal },
    actor: deedOf(asked).actor,
  })
  if (left === 0) return { value: done }
  return { value: { ...done, left }, fault: `stopped with ${left} rows left: the same command again goes on` }
}

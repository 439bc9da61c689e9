import type { Find } from '../discovery/alike.ts'
import { MOST_IDENTIFY_MS } from '../discovery/identify.ts'
import { MOST_AT_ONCE } from '../discovery/scan-plan.ts'
import { type LineTarget, targetText } from '../discovery/target.ts'
import type { Cli } from './ports.ts'
import { isTold, modelFor, type Reporter, readCommandFor } from './report.ts'
import { valueJson } from './values.ts'

function findJson(find: Find) {
  const { target, units, evidence, sunSpec, ranked, untried } = find
  return {
    line: { name: targetText(target), ...target },
    units,
    evidence,
    ...(sunSpec !== undefined && { sunSpec }),
    models: ranked.map(({ plausible, implausible, ...rest }) => ({
      ...{ ...rest, plausible: plausible.map(valueJson), implausible: implausible.map(valueJson) },
    })),
    untried,
    suggested: modelFor(find) ?? null,
    read: readCommandFor(find) ?? null,
  }
}

/** One JSON object on each line of standard output, `event` says which. */
export function jsonReporter({ out }: Pick<Cli, 'out'>, named: readonly LineTarget[]): Reporter {
  const say = (event: string, fields: object) => out.write(`${JSON.stringify({ event, ...fields })}\n`)
  return {
    plan({ serial, network, serialMs, knockMs, openMs }) {
      say('plan', {
        serial: { lines: serial.map(({ target }) => targetText(target)), mostMs: serialMs },
        network: { addresses: network.length, atOnce: MOST_AT_ONCE, mostMs: knockMs, mostMsForEachOpen: openMs },
        units: (serial[0] ?? network[0])?.units ?? [],
        identifyMs: MOST_IDENTIFY_MS,
      })
    },
    event(event) {
      if (!isTold(event, named)) return
      if (event.is === 'found') return void say('found', findJson(event.find))
      if (event.is === 'skipped') return void say('skipped', { path: event.path, settings: event.settings })
      const { is, target, ...fields } = event
      // each serial setting is told, each unit on it and each address of a network is too much
      if (is === 'asking' && (target.via !== 'serial' || 'unitId' in fields)) return
      say(is, { line: targetText(target), ...fields })
    },
    end: (finds, isInterrupted) => void say('done', { found: finds.length, interrupted: isInterrupted }),
  }
}

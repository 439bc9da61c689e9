import { Fault } from '@wattfleet/protocol'
import { hubTrades } from '../adapters/hub-trades.ts'
import { doBulk } from '../bulk.ts'
import { clearClaimFiles } from '../claims.ts'
import { BULK_EVENTS, planBulk } from '../core/bulk.ts'
import { CONCERNS, concernsOf, type GatewayView } from '../core/gateway-view.ts'
import { LIFE_STATES } from '../core/life.ts'
import { overviewOf } from '../core/overview.ts'
import { type Selection, select } from '../core/select.ts'
import { gatewayOf } from '../fleet.ts'
import { fleetViewer } from '../fleet-view.ts'
import type { Office } from '../office.ts'
import type { Store } from '../ports.ts'
import { storyOf } from '../story.ts'
import { type Asked, argumentOf, type Command, type Commands, deedOf, onOffice, onStore } from './command.ts'

const SELECT = {
  text: { type: 'string' },
  state: { type: 'string' },
  concern: { type: 'string' },
  tag: { type: 'string' },
  zone: { type: 'string' },
} as const satisfies Command['options']
const SELECTING = '--text, --state, --concern, --tag, --zone'

/** The fleet as a whole, and many gateways at once. */
export const fleetCommands: Commands = {
  overview: onStore([], 'the fleet in figures: states, concerns, last seen, versions, expiries', (store, asked) =>
    overviewOf(fleetViewer(store)(), asked.nowMs, asked.config.approval),
  ),
  search: onStore(
    [],
    `the gateways that are meant: ${SELECTING}`,
    (store, asked) =>
      selected(store, asked).map((view) => ({
        ...view,
        concerns: concernsOf(view, asked.nowMs, asked.config.approval),
      })),
    SELECT,
  ),
  story: onStore(['<gateway>'], 'from the manifest to its last trade', (store, asked) => {
    const { hubApiUrl } = asked.config
    const trades = hubApiUrl === undefined ? undefined : hubTrades(hubApiUrl)
    return storyOf(store, gatewayOf(store, argumentOf(asked)).site, trades, asked.signal)
  }),
  bulk: onOffice(
    ['<event>'],
    `what an event (${BULK_EVENTS.join(', ')}) would do to those that are meant; with --digest of that preview it is done`,
    bulk,
    { ...SELECT, digest: { type: 'string' } },
  ),
}

function selected(store: Store, asked: Asked): GatewayView[] {
  const { nowMs, config } = asked
  return select(fleetViewer(store)(), selectionOf(asked), {
    concernsOf: (view) => concernsOf(view, nowMs, config.approval),
    mayNameHouseholds: true,
  })
}

async function bulk(office: Office, asked: Asked) {
  const event = oneOf('<event>', argumentOf(asked), BULK_EVENTS)
  if (event === undefined) throw new Fault('config', `bulk: expected ${BULK_EVENTS.join(', ')}`)
  if (Object.values(selectionOf(asked)).every((value) => value === undefined)) {
    throw new Fault('config', `bulk: expected ${SELECTING}: an empty selection would mean every gateway`)
  }
  const views = selected(office.store, asked)
  const { digest } = asked.options
  if (typeof digest !== 'string') return planBulk(views, event)
  const result = doBulk(office.store, office.refusedPath, views, { event, digest }, deedOf(asked))
  if (result.ok) {
    await clearClaimFiles(office.store, office.claims.claimsDir, result.done)
    return result
  }
  throw new Fault(
    'enrolment',
    'what it would do now is not what was shown: nothing was done; look at the preview again',
  )
}

function selectionOf({ options: { text, state, concern, tag, zone } }: Asked): Selection {
  const given = (value: unknown) => (typeof value === 'string' ? value : undefined)
  if (zone !== undefined && !/^\d{1,10}$/.test(String(zone))) throw new Fault('config', '--zone: expected a number')
  return {
    ...{ text: given(text), tags: tag === undefined ? undefined : [String(tag)] },
    zone: zone === undefined ? undefined : Number(zone),
    state: oneOf('--state', given(state), LIFE_STATES),
    concern: oneOf('--concern', given(concern), CONCERNS),
  }
}

function oneOf<T extends string>(what: string, value: string | undefined, known: readonly T[]): T | undefined {
  if (value === undefined) return undefined
  const found = known.find((one) => one === value)
  if (found === undefined) throw new Fault('config', `${what}: expected ${known.join(', ')}, got ${value}`)
  return found
}

import {
  Fault,
  isSettings,
  MOST_SETTINGS_CHARACTERS,
  REMOTE_SETTINGS,
  type Release,
  readConfig,
  releaseMistake,
  TRIAL_S,
} from '@wattfleet/protocol'
import { z } from 'zod'
import { parseStages, spread, stageSizes } from './core/rollout.ts'
import { type Selectable, type Selection, select } from './core/select.ts'
import {
  directiveOf,
  type RolloutBody,
  type RolloutDraft,
  type RolloutRecord,
  type RolloutSettings,
  type TargetRecord,
} from './fleet-ports.ts'
import type { Deed, SiteRecord, Store } from './ports.ts'
import { unreachable } from './rollouts.ts'

const settings = z
  .custom<Record<string, unknown>>(isSettings, `expected an object of at most ${MOST_SETTINGS_CHARACTERS} characters`)
  .superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      if ((REMOTE_SETTINGS as readonly string[]).includes(name)) continue
      context.addIssue({ code: 'custom', path: [name], message: `expected one of ${REMOTE_SETTINGS.join(', ')}` })
    }
  })
const release = z
  .strictObject({ version: z.string(), sha256: z.string(), size: z.number(), url: z.string() })
  .superRefine((value, context) => {
    const message = releaseMistake({ ...value })
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

/** What a file for a roll-out says: one of the three. */
export const fileSchema = z
  .strictObject({
    settings: settings.optional(),
    release: release.optional(),
    restart: z.literal(true, 'expected true').optional(),
  })
  .refine((file) => Object.keys(file).length === 1, 'expected one of settings, release or restart')
  .transform((file): RolloutBody => {
    if (file.settings !== undefined) return { kind: 'config', settings: file.settings }
    return file.release !== undefined ? { kind: 'software', release: file.release as Release } : { kind: 'restart' }
  })

/** Throws Fault `config` naming file, path and expectation. */
export function readRollout(path: string): RolloutBody {
  return readConfig(path, fileSchema)
}

const HOUR_S = 3_600
/** One gateway first, then a few, then many. */
export const STAGES = '1,5%,25%,100%'
/** What an order may set, and between which bounds. */
export const ORDER_LIMITS = {
  /** For how long each gateway tries a configuration. */
  trialS: TRIAL_S,
  /** Of a stage that may fail. */
  thresholdPercent: { usual: 5, least: 0, most: 100 },
  deadlineS: { usual: 24 * HOUR_S, least: 1, most: 30 * 24 * HOUR_S },
  /** For how long a gateway has to be well. */
  soakS: { usual: 600, least: 0, most: 7 * 24 * HOUR_S },
} as const

/** The settings of a roll-out from what was ordered. */
export function settingsOf(
  order: Readonly<Record<keyof typeof ORDER_LIMITS, number>>,
): Omit<RolloutSettings, 'stages'> {
  const { trialS, thresholdPercent, deadlineS, soakS } = order
  return { trialS, thresholdPermille: thresholdPercent * 10, deadlineMs: deadlineS * 1000, soakMs: soakS * 1000 }
}

export interface RolloutOrder {
  readonly body: RolloutBody
  readonly selection: Selection
  /** Such as `1,5%,25%,100%`. */
  readonly stages: string
  readonly settings: Omit<RolloutSettings, 'stages'>
}

export interface RolloutPreview extends RolloutDraft {
  readonly serials: readonly (readonly string[])[]
  /** Gateways that fit and cannot be told anything now: they are left out. */
  readonly leftOut: readonly { readonly serial: string; readonly reason: string }[]
}

/** Every gateway with what it is selected by. */
export function selectables(store: Store): (SiteRecord & Selectable)[] {
  const tags = store.tags.tags()
  return store
    .sites()
    .map((one) => ({ ...one, tags: [...(tags.get(one.site) ?? [])], community: one.grant?.rules.community }))
}

/** Roll-outs are made for tags, states and communities. */
const NO_SEARCH = { concernsOf: () => [], mayNameHouseholds: false }

/** What a roll-out would do, to whom, in which order. Throws Fault `config` where it would be none. */
export function previewRollout(store: Store, { body, selection, stages, settings }: RolloutOrder): RolloutPreview {
  const reaches = parseStages(stages)
  if (reaches === undefined) {
    throw new Fault('config', `--stages: expected how far each reaches, such as 1,5%,25%,100%, got ${stages}`)
  }
  const all = selectables(store)
  const fitting = spread(select(all, selection, NO_SEARCH), JSON.stringify(body))
  const leftOut = fitting.flatMap((one) => {
    const reason = unreachable(one)
    return reason === undefined ? [] : [{ serial: one.serial, reason }]
  })
  const chosen = fitting.filter((one) => unreachable(one) === undefined)
  if (chosen.length === 0) throw new Fault('config', whyNobody(selection, all.length, leftOut))
  const sizes = stageSizes(reaches, chosen.length)
  let from = 0
  const serials = sizes.map((size) => {
    from += size
    return chosen.slice(from - size, from).map(({ serial }) => serial)
  })
  const targets = chosen.map(({ site }) => ({ site }))
  return { body, plan: { ...settings, stages: sizes }, targets, serials, leftOut }
}

/** Serials that are named for each reason: enough to look one up. */
const MOST_NAMED = 5

/** Why a roll-out would be for nobody. */
function whyNobody(
  { tags = [], community, state }: Selection,
  gateways: number,
  leftOut: RolloutPreview['leftOut'],
): string {
  if (leftOut.length === 0) {
    const asked = Object.entries({ community, state }).filter(([, value]) => value !== undefined)
    const told = [...tags.map((tag) => ['tag', tag]), ...asked].map((one) => one.join(' '))
    return `no gateway fits, of ${gateways}${told.length === 0 ? '' : `: ${told.join(', ')}`}`
  }
  const serials = new Map<string, string[]>()
  for (const { serial, reason } of leftOut) serials.set(reason, [...(serials.get(reason) ?? []), serial])
  const told = [...serials]
    .sort(([one, its], [other, theirs]) => theirs.length - its.length || (one < other ? -1 : 1))
    .map(([reason, all]) => {
      const named = all.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).slice(0, MOST_NAMED)
      return `${all.length}: ${reason} (${named.join(', ')}${all.length > MOST_NAMED ? ', …' : ''})`
    })
  return `no gateway that fits can be told anything: of ${leftOut.length}, ${told.join(', ')}`
}

/** Throws Fault `enrolment` where there is none. */
export function rolloutOf(store: Store, id: string): RolloutRecord {
  const record = /^[1-9]\d{0,8}$/.test(id) ? store.rollouts.find(Number(id)) : undefined
  if (record === undefined) throw new Fault('enrolment', `there is no roll-out ${id}`)
  return record
}

/** An operator's word on a roll-out that runs or was stopped. Throws Fault `enrolment` where there is no way. */
export function orderRollout(store: Store, id: string, order: 'stop' | 'resume' | 'abort', deed: Deed): RolloutRecord {
  const record = rolloutOf(store, id)
  const from = order === 'stop' ? ['running'] : order === 'resume' ? ['stopped'] : ['running', 'stopped']
  if (!from.includes(record.state)) {
    throw new Fault('enrolment', `${order}: expected a roll-out that is ${from.join(' or ')}, it is ${record.state}`)
  }
  if (order === 'resume') store.rollouts.forgive(record.id, deed)
  else {
    const reason = typeof deed.detail?.reason === 'string' ? deed.detail.reason : 'by an operator'
    const state = order === 'stop' ? 'stopped' : 'aborted'
    store.rollouts.advance({ id: record.id, judged: [], told: [], state, reason }, deed)
  }
  return rolloutOf(store, id)
}

/**
 * Brings back to every gateway that a roll-out has told what it had before: a roll-out of its own, in one stage. Settings
 * of which none were before are none again; of software only versions are known that came by a roll-out. Throws Fault
 * `enrolment` where there is nothing to bring back.
 */
export function rollBackRollout(store: Store, id: string, deed: Deed) {
  const record = rolloutOf(store, id)
  if (record.body.kind === 'restart') throw new Fault('enrolment', 'rollback: a restart cannot be taken back')
  const touched = store.rollouts.targets(record.id).filter(({ counter }) => counter !== undefined)
  const targets = touched.flatMap(({ site, former }) => {
    const body = former ?? formerOf(record)
    return body === undefined ? [] : [{ site, body }]
  })
  const unknown = touched.filter(({ site }) => !targets.some((one) => one.site === site))
  if (targets.length === 0)
    throw new Fault('enrolment', 'rollback: no gateway was told anything that can be taken back')
  if (record.state === 'running' || record.state === 'stopped') orderRollout(store, id, 'abort', deed)
  // whoever fails to go back must keep nobody else from it
  const plan = { ...record.plan, stages: [targets.length], thresholdPermille: 1_000 }
  const undoing = store.rollouts.create({ body: record.body, plan, targets, undoes: record.id }, deed)
  return { undoing, unknown: unknown.map(({ site }) => site) }
}

function formerOf({ body }: RolloutRecord): RolloutBody | undefined {
  return directiveOf(body) === 'config' ? { kind: 'config', settings: {} } : undefined
}

/** How many gateways of each stage are in which state. */
export function progressOf({ plan }: RolloutRecord, targets: readonly TargetRecord[]) {
  let from = 0
  return plan.stages.map((size) => {
    from += size
    const members = targets.slice(from - size, from)
    const states = ['waiting', 'sent', 'good', 'failed'] as const
    return Object.fromEntries(states.map((state) => [state, members.filter((one) => one.state === state).length]))
  })
}

import { Fault, TRIAL_S } from '@wattfleet/protocol'
import { LIFE_STATES } from '../core/life.ts'
import { type Selection, TAG } from '../core/selection.ts'
import type { RolloutRecord } from '../fleet-ports.ts'
import type { Store } from '../ports.ts'
import {
  orderRollout,
  previewRollout,
  progressOf,
  type RolloutOrder,
  readRollout,
  rollBackRollout,
  rolloutOf,
} from '../rollout-desk.ts'
import { type Asked, argumentOf, type Command, type Commands, deedOf, onOffice } from './command.ts'

const SELECTING = {
  tag: { type: 'string', multiple: true },
  community: { type: 'string' },
  state: { type: 'string' },
} as const satisfies Command['options']

/** One gateway first, then a few, then many. */
const STAGES = '1,5%,25%,100%'
const HOUR_S = 3_600

/** Configuration and software for many gateways, some at a time. */
export const rolloutCommands: Commands = {
  'rollout create': onOffice(
    ['<file.json>'],
    'bring settings or software to the gateways that fit, in stages; --dry-run only shows to whom',
    ({ store }, asked) => {
      const preview = previewRollout(store, orderOf(asked))
      const { body, plan, serials, leftOut } = preview
      if (asked.options['dry-run']) return { ...body, plan, stages: serials, leftOut }
      return { ...shown(store, store.rollouts.create(preview, deedOf(asked))), leftOut }
    },
    {
      ...SELECTING,
      'dry-run': { type: 'boolean' },
      stages: { type: 'string' },
      threshold: { type: 'string' },
      deadline: { type: 'string' },
      soak: { type: 'string' },
      trial: { type: 'string' },
    },
  ),
  'rollout list': onOffice([], 'all roll-outs', ({ store }) => store.rollouts.list().map((one) => shown(store, one))),
  'rollout show': onOffice(['<id>'], 'one roll-out, gateway by gateway', ({ store }, asked) => {
    const record = rolloutOf(store, argumentOf(asked))
    return { ...shown(store, record), targets: targetsOf(store, record) }
  }),
  'rollout stop': ordering('stop', 'tell no further gateway'),
  'rollout resume': ordering('resume', 'go on with a stopped one: what failed until now no longer counts'),
  'rollout abort': ordering('abort', 'give it up, and leave everything as it is'),
  'rollout rollback': onOffice(
    ['<id>'],
    'give it up, and bring back what was before, by a roll-out of its own',
    ({ store }, asked) => {
      const { undoing, unknown } = rollBackRollout(store, argumentOf(asked), deedOf(asked))
      return { ...shown(store, undoing), nothingBefore: unknown.map((site) => store.site(site)?.serial ?? site) }
    },
  ),
}

function ordering(order: 'stop' | 'resume' | 'abort', about: string): Command {
  return onOffice(['<id>'], about, ({ store }, asked) =>
    shown(store, orderRollout(store, argumentOf(asked), order, deedOf(asked))),
  )
}

function orderOf(asked: Asked): RolloutOrder {
  const text = (name: string) => {
    const value = asked.options[name]
    return typeof value === 'string' ? value : undefined
  }
  const whole = (name: string, usual: number, least: number, most: number) => {
    const value = text(name) === undefined ? usual : Number(text(name))
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value
    throw new Fault('config', `--${name}: expected a whole number from ${least} to ${most}, got ${text(name)}`)
  }
  const trialS = whole('trial', TRIAL_S.usual, TRIAL_S.least, TRIAL_S.most)
  return {
    body: readRollout(argumentOf(asked)),
    selection: selectionOf(asked),
    stages: text('stages') ?? STAGES,
    settings: {
      trialS,
      thresholdPermille: whole('threshold', 5, 0, 100) * 10,
      deadlineMs: whole('deadline', 24 * HOUR_S, 1, 30 * 24 * HOUR_S) * 1000,
      soakMs: whole('soak', 600, 0, 7 * 24 * HOUR_S) * 1000,
    },
  }
}

function selectionOf({ options }: Asked): Selection {
  const tags = [options.tag ?? []].flat().map((tag) => tagOf(String(tag)))
  const community = options.community === undefined ? undefined : Number(options.community)
  if (community !== undefined && !(Number.isSafeInteger(community) && community >= 0)) {
    throw new Fault('config', `--community: expected its number, got ${options.community}`)
  }
  const state = LIFE_STATES.find((one) => one === options.state)
  if (options.state !== undefined && state === undefined) {
    throw new Fault('config', `--state: expected one of ${LIFE_STATES.join(', ')}, got ${options.state}`)
  }
  return { tags, ...(community !== undefined && { community }), ...(state !== undefined && { state }) }
}

/** Throws Fault `config` where it is none. */
export function tagOf(text: string): string {
  if (TAG.test(text)) return text
  throw new Fault(
    'config',
    `expected a tag of up to 32 lower-case letters, digits and . _ -, got ${JSON.stringify(text)}`,
  )
}

function shown(store: Store, record: RolloutRecord) {
  const { id, body, plan, state, reason, createdMs, undoes } = record
  const { deadlineMs, soakMs, thresholdPermille, trialS } = plan
  return {
    ...{ id, ...body, state, reason, undoes, createdAt: new Date(createdMs).toISOString() },
    ...{ deadlineS: deadlineMs / 1000, soakS: soakMs / 1000, thresholdPercent: thresholdPermille / 10, trialS },
    stages: progressOf(record, store.rollouts.targets(id)),
  }
}

function targetsOf(store: Store, { id, plan }: RolloutRecord) {
  const stageAt = plan.stages.flatMap((size, stage) => Array.from({ length: size }, () => stage + 1))
  return store.rollouts.targets(id).map(({ site, state, counter, sentMs, reason, isForgiven }, place) => ({
    ...{ serial: store.site(site)?.serial, stage: stageAt[place], state, counter, reason, isForgiven },
    ...(sentMs !== undefined && { sentAt: new Date(sentMs).toISOString() }),
  }))
}

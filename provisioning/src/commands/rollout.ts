import { Fault } from '@wattfleet/protocol'
import { LIFE_STATES } from '../core/life.ts'
import { type Selection, TAG } from '../core/select.ts'
import {
  ORDER_LIMITS,
  orderRollout,
  previewRollout,
  type RolloutOrder,
  readRollout,
  rollBackRollout,
  rolloutOf,
  STAGES,
  settingsOf,
} from '../rollout-desk.ts'
import { shownRollout, shownSettings, targetsOf } from '../rollout-view.ts'
import { type Asked, argumentOf, type Command, type Commands, deedOf, onOffice, onStore } from './command.ts'

const SELECTING = {
  tag: { type: 'string', multiple: true },
  community: { type: 'string' },
  state: { type: 'string' },
} as const satisfies Command['options']

/** Configuration and software for many gateways, some at a time. */
export const rolloutCommands: Commands = {
  'rollout create': onOffice(
    ['<file.json>'],
    'bring settings or software to the gateways that fit, in stages; --dry-run only shows to whom',
    ({ store }, asked) => {
      const preview = previewRollout(store, orderOf(asked))
      const { body, plan, serials, leftOut } = preview
      if (asked.options['dry-run']) return { ...body, ...shownSettings(plan), stages: serials, leftOut }
      return { ...shownRollout(store, store.rollouts.create(preview, deedOf(asked))), leftOut }
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
  'rollout list': onStore([], 'all roll-outs', (store) => store.rollouts.list().map((one) => shownRollout(store, one))),
  'rollout show': onStore(['<id>'], 'one roll-out, gateway by gateway', (store, asked) => {
    const record = rolloutOf(store, argumentOf(asked))
    return { ...shownRollout(store, record), targets: targetsOf(store, record) }
  }),
  'rollout stop': ordering('stop', 'tell no further gateway'),
  'rollout resume': ordering('resume', 'go on with a stopped one: what failed until now no longer counts'),
  'rollout abort': ordering('abort', 'give it up, and leave everything as it is'),
  'rollout rollback': onOffice(
    ['<id>'],
    'give it up, and bring back what was before, by a roll-out of its own',
    ({ store }, asked) => {
      const { undoing, unknown } = rollBackRollout(store, argumentOf(asked), deedOf(asked))
      return { ...shownRollout(store, undoing), nothingBefore: unknown.map((site) => store.site(site)?.serial ?? site) }
    },
  ),
}

function ordering(order: 'stop' | 'resume' | 'abort', about: string): Command {
  return onOffice(['<id>'], about, ({ store }, asked) =>
    shownRollout(store, orderRollout(store, argumentOf(asked), order, deedOf(asked))),
  )
}

function orderOf(asked: Asked): RolloutOrder {
  const text = (name: string) => {
    const value = asked.options[name]
    return typeof value === 'string' ? value : undefined
  }
  const whole = (name: string, { usual, least, most }: { usual: number; least: number; most: number }) => {
    const value = text(name) === undefined ? usual : Number(text(name))
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value
    throw new Fault('config', `--${name}: expected a whole number from ${least} to ${most}, got ${text(name)}`)
  }
  return {
    body: readRollout(argumentOf(asked)),
    selection: selectionOf(asked),
    stages: text('stages') ?? STAGES,
    settings: settingsOf({
      trialS: whole('trial', ORDER_LIMITS.trialS),
      thresholdPercent: whole('threshold', ORDER_LIMITS.thresholdPercent),
      deadlineS: whole('deadline', ORDER_LIMITS.deadlineS),
      soakS: whole('soak', ORDER_LIMITS.soakS),
    }),
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

import type { RolloutRecord, RolloutSettings } from './fleet-ports.ts'
import type { Store } from './ports.ts'
import { progressOf } from './rollout-desk.ts'

/** How it goes on, by the names under which it is ordered. */
export function shownSettings({ deadlineMs, soakMs, thresholdPermille, trialS }: Omit<RolloutSettings, 'stages'>) {
  return { deadlineS: deadlineMs / 1000, soakS: soakMs / 1000, thresholdPercent: thresholdPermille / 10, trialS }
}

/** A roll-out as it is shown: what goes to whom, how far it is. */
export function shownRollout(store: Store, record: RolloutRecord) {
  const { id, body, plan, state, reason, createdMs, undoes } = record
  return {
    ...{ id, ...body, state, reason, undoes, createdAt: new Date(createdMs).toISOString() },
    ...shownSettings(plan),
    stages: progressOf(record, store.rollouts.targets(id)),
  }
}

/** Its gateways, in the order in which they are told. */
export function targetsOf(store: Store, { id, plan }: RolloutRecord) {
  const stageAt = plan.stages.flatMap((size, stage) => Array.from({ length: size }, () => stage + 1))
  return store.rollouts.targets(id).map(({ site, state, counter, sentMs, reason, isForgiven }, place) => ({
    ...{ serial: store.site(site)?.serial, stage: stageAt[place], state, counter, reason, isForgiven },
    ...(sentMs !== undefined && { sentAt: new Date(sentMs).toISOString() }),
  }))
}

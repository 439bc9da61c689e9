import type { RolloutRecord } from './fleet-ports.ts'
import type { Store } from './ports.ts'
import { progressOf } from './rollout-desk.ts'

/** A roll-out as it is shown: what goes to whom, how far it is. */
export function shownRollout(store: Store, record: RolloutRecord) {
  const { id, body, plan, state, reason, createdMs, undoes } = record
  const { deadlineMs, soakMs, thresholdPermille, trialS } = plan
  return {
    ...{ id, ...body, state, reason, undoes, createdAt: new Date(createdMs).toISOString() },
    ...{ deadlineS: deadlineMs / 1000, soakS: soakMs / 1000, thresholdPercent: thresholdPermille / 10, trialS },
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

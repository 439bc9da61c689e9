import { Refusal } from '@wattfleet/protocol'
import { mayDo } from '../core/roles.ts'
import type { ApiToken } from '../core/token.ts'
import type { RolloutRecord } from '../fleet-ports.ts'
import type { Deed } from '../ports.ts'
import { orderRollout, previewRollout, rollBackRollout, rolloutOf, settingsOf } from '../rollout-desk.ts'
import { shownRollout, targetsOf } from '../rollout-view.ts'
import type { ApiParts, B, Call } from './call.ts'
import type { rolloutBody } from './rollout-schemas.ts'
import type * as schemas from './schemas.ts'

/** Configuration and software for many gateways, some at a time. */
export function rolloutHandlers({ store }: ApiParts, deedOf: (caller: ApiToken, reason: string | undefined) => Deed) {
  const shown = (record: RolloutRecord) => {
    const { body: _, ...rest } = { body: undefined, ...shownRollout(store, record) }
    return rest
  }
  const known = (id: string) => {
    if (!/^[1-9]\d{0,8}$/.test(id) || store.rollouts.find(Number(id)) === undefined) {
      throw new Refusal(404, `There is no roll-out ${id}.`)
    }
    return rolloutOf(store, id)
  }
  const ordering =
    (order: 'stop' | 'resume' | 'abort') =>
    ({ caller, id, body }: B<typeof schemas.reasonBody>) => {
      known(id)
      return shown(orderRollout(store, id, order, deedOf(caller, body.reason)))
    }
  return {
    rollouts: () => ({ items: store.rollouts.list().map(shown) }),
    rollout({ id }: Call) {
      const record = known(id)
      return { ...shown(record), targets: targetsOf(store, record) }
    },
    createRollout({ caller, body: order }: B<typeof rolloutBody>) {
      const { bring: body, tags, community, state, stages, dryRun, reason } = order
      // whoever chooses the software has all of a gateway
      if (body.kind === 'software' && !mayDo(caller.role, 'end')) {
        throw new Refusal(403, 'A release takes the right end.')
      }
      const selection = { tags, ...(community !== undefined && { community }), ...(state !== undefined && { state }) }
      const preview = previewRollout(store, { body, selection, stages, settings: settingsOf(order) })
      const leftOut = [...preview.leftOut]
      if (dryRun) return { ...body, stages: preview.serials.map((stage) => [...stage]), leftOut }
      return { ...shown(store.rollouts.create(preview, deedOf(caller, reason))), leftOut }
    },
    stopRollout: ordering('stop'),
    resumeRollout: ordering('resume'),
    abortRollout: ordering('abort'),
    rollbackRollout({ caller, id, body }: B<typeof schemas.reasonBody>) {
      known(id)
      return shown(rollBackRollout(store, id, deedOf(caller, body.reason)).undoing)
    },
  }
}

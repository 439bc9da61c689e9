import { type BulkEvent, type BulkPlan, planBulk } from './core/bulk.ts'
import type { GatewayView } from './core/gateway-view.ts'
import { writeRefused } from './fleet.ts'
import type { Deed, Store } from './ports.ts'

export type BulkResult =
  | {
      readonly ok: true
      readonly done: readonly string[]
      readonly failed: readonly { serial: string; reason: string }[]
    }
  /** What it would do now is not what was shown; nothing was done. */
  | { readonly ok: false; readonly plan: BulkPlan }

/**
 * Does to many gateways what a preview has shown, in one transaction: `digest` is the preview's. `failed`: what changed
 * between the look and the deed.
 */
export function doBulk(
  store: Store,
  refusedPath: string,
  views: readonly GatewayView[],
  { event, digest }: { readonly event: BulkEvent; readonly digest: string },
  deed: Deed,
): BulkResult {
  const plan = planBulk(views, event)
  if (plan.digest !== digest) return { ok: false, plan }
  if (event === 'approve') {
    for (const { site } of plan.will) store.approve(site, deed)
    return { ok: true, done: plan.will.map(({ serial }) => serial), failed: [] }
  }
  const steps = store.moveAll(
    plan.will.map(({ site }) => site),
    event,
    deed,
  )
  writeRefused(store, refusedPath, deed.atMs)
  const done: string[] = []
  const failed: { serial: string; reason: string }[] = []
  for (const { site, serial } of plan.will) {
    const step = steps.get(site)
    if (step?.ok) done.push(serial)
    else failed.push({ serial, reason: step?.reason ?? 'it is gone' })
  }
  return { ok: true, done, failed }
}

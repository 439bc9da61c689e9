import type { HealthView } from './ports.ts'
import type { HealthReason, HealthResource } from './schemas/service.ts'

/** Whether the hub can be relied on now, with every reason why not. */
export function judgeHealth(view: HealthView, healthyLagBlocks: number): HealthResource {
  const reasons: { code: HealthReason; detail: string }[] = []
  const { indexedBlock, finalizedBlock } = view
  // an index that is ahead of what the chain last said is only newer
  const lag =
    indexedBlock === undefined || finalizedBlock === undefined ? null : Math.max(0, finalizedBlock - indexedBlock)
  if (view.storeFault !== undefined) reasons.push({ code: 'store-failing', detail: view.storeFault })
  if (indexedBlock === undefined) {
    reasons.push({ code: 'index-empty', detail: 'no finalized block is in the index yet' })
  }
  if (finalizedBlock === undefined) {
    reasons.push({ code: 'chain-unreachable', detail: 'the chain cannot be asked for its finalized head' })
  }
  if (lag !== null && lag > healthyLagBlocks) {
    reasons.push({
      code: 'index-behind',
      detail: `the index is ${lag} blocks behind the finalized head, ${healthyLagBlocks} are allowed`,
    })
  }
  if (!view.brokerConnected) {
    reasons.push({ code: 'broker-disconnected', detail: 'the hub is not connected to its broker' })
  }
  return {
    status: reasons.length === 0 ? 'ok' : 'unavailable',
    reasons,
    indexedBlock: indexedBlock ?? null,
    finalizedBlock: finalizedBlock ?? null,
    lagBlocks: lag,
    brokerConnected: view.brokerConnected,
  }
}

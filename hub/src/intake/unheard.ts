import type { Registry } from '../ports.ts'

/** Most keys remembered as asked for and not found. */
const UNHEARD_LIMIT = 10_000

interface Parts {
  readonly registry: Registry
  /** The chain's finalized head, while it can be asked. */
  readonly finalizedBlock: () => number | undefined
}

/** What was known when a key or epoch was asked for and not found. */
interface FirstAsk {
  /** The latest finalized block then, as far as known here. */
  readonly block: number
  /** Where the chain itself did not say how far it was: the moment, S. */
  readonly atS?: number
}

/**
 * A key or epoch that is not in the index may have been enrolled in a block that is not indexed yet. It counts as unknown
 * only once the index is past the chain's finalized head of when it was first asked for; where the chain could not say,
 * once it holds a block as late as that moment. Until then the answer is one that invites another try.
 */
export function unheardKeys({
  registry,
  finalizedBlock,
}: Parts): (key: string, epoch: number, nowS: number) => boolean {
  const firstAsks = new Map<string, FirstAsk>()
  return (key, epoch, nowS) => {
    const head = registry.head()
    const name = `${key}/${epoch}`
    const first = firstAsks.get(name)
    if (first !== undefined) {
      return head !== undefined && head.number > first.block && head.timestampS >= (first.atS ?? 0)
    }
    const finalized = finalizedBlock()
    const block = Math.max(head?.number ?? -1, finalized ?? -1)
    firstAsks.set(name, { block, ...(finalized === undefined ? { atS: nowS } : {}) })
    if (firstAsks.size > UNHEARD_LIMIT) {
      const oldest = firstAsks.keys().next().value
      if (oldest !== undefined) firstAsks.delete(oldest)
    }
    return false
  }
}

import { allOf, type Body, nano, natural } from './fields.ts'
import type { Numbered } from './notice.ts'

/** The member's money after a finalized block that moved it. */
export interface BalanceNotice extends Numbered {
  readonly freeNano: bigint
  readonly lockedNano: bigint
}

export function balanceBody(notice: BalanceNotice): Body {
  return { ...notice, freeNano: String(notice.freeNano), lockedNano: String(notice.lockedNano) }
}

export function parseBalanceNotice(body: Body): BalanceNotice | undefined {
  return allOf({
    number: natural(body, 'number'),
    freeNano: nano(body, 'freeNano'),
    lockedNano: nano(body, 'lockedNano'),
  })
}

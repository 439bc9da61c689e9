import type { MarketId } from './ports.ts'

/*
 * A cursor names its list and the last item of the page before it, so that one from another list is refused. Callers
 * hand it back unread. The patterns that queries accept are these writers' images.
 */

export type NumberedList = 'orders' | 'trades' | 'measurements'

export function numberCursor(list: NumberedList, last: number): string {
  return `${list}-${last}`
}

/** The number in a cursor of the right pattern. */
export function numberOfCursor(cursor: string): number {
  return Number(cursor.slice(cursor.indexOf('-') + 1))
}

export function marketCursor(last: MarketId): string {
  return `markets-${last.slotStart}-${last.community}-${last.kind}`
}

/** The market in a cursor of the right pattern. */
export function marketOfCursor(cursor: string): MarketId {
  const [, slotStart, community, kind] = cursor.split('-')
  return { slotStart: Number(slotStart), community: Number(community), kind: kind === 'post' ? 'post' : 'spot' }
}

/** Cuts what was read with one item more than wanted into a page: the item more says that something follows. */
export function pageOf<T>(
  read: readonly T[],
  limit: number,
  cursorOf: (last: T) => string,
): { items: T[]; next: string | null } {
  const items = read.slice(0, limit)
  const last = items.at(-1)
  return { items, next: read.length > limit && last !== undefined ? cursorOf(last) : null }
}

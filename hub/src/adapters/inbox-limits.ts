/** Readings that one key may store for a slot: the first and its corrections, which are few; each is kept until disputes end. */
export const MOST_READINGS = 16
/** Cancels of one key that may wait for the chain at a time: as many as the chain lets wait for their orders. */
export const MOST_CANCELS_WAITING = 128

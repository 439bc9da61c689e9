/** Every limit of the API, with its reason. */
export const LIMITS = {
  pageDefault: 100,
  /** A page of gateways stays under half a megabyte. */
  pageMax: 1_000,
  /** Gateways of one bulk action that are named one by one: a body of serials stays under its limit. */
  serials: 5_000,
  /** Longest body: a bulk action with its serials. */
  bodyBytes: 512 * 1024,
  /** Longest text that is searched for. */
  searchLength: 100,
  /** Longest reason: it goes into the log for good. */
  reasonLength: 500,
  connections: 128,
  headerBytes: 8 * 1024,
  /** Headers and body must have arrived within this time. */
  requestTimeoutMs: 10_000,
  /** The hub is asked for trades within 5 s; everything else is local. */
  answerTimeoutMs: 20_000,
  keepAliveTimeoutMs: 30_000,
} as const

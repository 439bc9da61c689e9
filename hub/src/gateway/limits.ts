/** Every limit of the HTTP side, with its reason. */
export const LIMITS = {
  /** Most items of one page: a page of orders stays under half a megabyte. */
  pageMax: 500,
  /** Items of a page when the caller says nothing. */
  pageDefault: 100,
  /** Houses in one snapshot: what a person can look at, and what one push to every open page may weigh. */
  streetSites: 200,
  /** Markets in one snapshot: the current and the next slots. */
  streetMarkets: 8,
  /** Settlements in one snapshot. */
  streetSettlements: 24,
  /** Pages that may follow the street at once; each costs a socket and a push a second. */
  sseClients: 64,
  /** Ticks that a page may leave what was pushed unread before it is cut; it comes back by itself. */
  sseSkippedTicks: 30,
  /** The page hears of the street at most this often, and of the time always this often. */
  sseTickMs: 1_000,
  /** Tells a browser how long to wait before it connects again. */
  sseRetryMs: 2_000,
  /** Sockets open at once, so that a flood ends here and not at the process' last file descriptor. */
  connections: 256,
  /** Request line and headers together: longer than any request this API knows. */
  headerBytes: 8 * 1024,
  /** No route takes a body. */
  bodyBytes: 1,
  /** Headers and body must have arrived within this time: slow senders must not hold sockets. */
  requestTimeoutMs: 10_000,
  /** An answer must be ready within this time. */
  answerTimeoutMs: 10_000,
  /** An idle connection is closed after this time. */
  keepAliveTimeoutMs: 30_000,
  /** Blocks that the index may be behind the finalized head and still count as healthy. */
  healthyLagBlocks: 10,
} as const

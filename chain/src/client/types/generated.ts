import type { Description } from './shape.ts'

// Generated from the metadata of runtime/wattfleet_runtime.wasm by `npm run generate -w chain`. Do not edit.

export const TYPES = {
  AccountData: { free: 'u128', reserved: 'u128', frozen: 'u128', flags: 'u128' },
  AccountInfo: { nonce: 'u32', consumers: 'u32', providers: 'u32', sufficients: 'u32', data: 'AccountData' },
  Allocation: { trade: 'u64', allocatedWh: 'u32' },
  Community: { rules: 'CommunityRules', balancing: 'bytes32', gridOperator: 'bytes32' },
  CommunityRules: {
    slotLengthS: 'u32',
    spotOpensS: 'u32',
    relayMarginS: 'u32',
    gateClosureS: 'u32',
    matchDeadlineS: 'u32',
    energiesAfterS: 'u32',
    executionAfterS: 'u32',
    executionLatestS: 'u32',
    shortfallRateMicro: 'u32',
    unusedRateMicro: 'u32',
    feeMicro: ['u32', 'u32'],
  },
  Deviation: { site: 'bytes16', shortfallWh: 'u32', unusedWh: 'u32', missingImport: 'bool', missingExport: 'bool' },
  Gateway: { site: 'bytes16', epoch: 'u32', revoked: 'bool' },
  MarketKind: ['spot', 'post'],
  Match: { bid: 'bytes32', offer: 'bytes32', energyWh: 'u32' },
  MatchFault: [
    'unknown-order',
    'wrong-market',
    'wrong-side',
    'not-open',
    'amount',
    'price',
    'same-member',
    'energy-type',
    'key-revoked',
  ],
  Order: {
    tag: 'bytes4',
    chain: 'bytes32',
    community: 'u32',
    gateway: 'bytes32',
    epoch: 'u32',
    sequence: 'u64',
    kind: 'MarketKind',
    side: 'Side',
    slotStart: 'u64',
    energyWh: 'u32',
    priceMicro: 'u32',
    expiresAt: 'u64',
    energyTypes: 'u8',
    partner: 'bytes32?',
    replaces: 'u64?',
  },
  OrderRecord: {
    order: 'Order',
    site: 'bytes16',
    member: 'bytes32',
    zone: 'u32',
    remainingWh: 'u32',
    deviationRateMicro: 'u32',
    state: 'OrderState',
  },
  OrderState: ['open', 'filled', 'cancelled', 'replaced', 'expired'],
  Reason: [
    'malformed',
    'signature',
    'unknown-gateway',
    'revoked',
    'epoch',
    'conflict',
    'wrong-chain',
    'wrong-community',
    'market-not-open',
    'gate-closed',
    'expired',
    'cap',
    'collateral',
    'debt',
    'deviation',
    'rate-limited',
    'too-large',
    'store-unavailable',
    'chain-unavailable',
  ],
  Role: ['operator', 'relayer', 'matching-engine', 'settlement-engine'],
  Side: ['bid', 'offer'],
  SignedItem: { bytes: 'bytes', signature: 'bytes64' },
  Site: {
    community: 'u32',
    member: 'bytes32',
    zone: 'u32',
    capImportWh: 'u32',
    capExportWh: 'u32',
    gateway: 'bytes32?',
    epoch: 'u32',
  },
  SiteTotals: {
    member: 'bytes32',
    soldWh: 'u32',
    boughtWh: 'u32',
    allocatedSoldWh: 'u32',
    allocatedBoughtWh: 'u32',
    pending: 'u32',
    heldForShortfall: 'u128',
    heldForUnused: 'u128',
  },
  Trade: {
    buyer: 'bytes32',
    seller: 'bytes32',
    buyerSite: 'bytes16',
    sellerSite: 'bytes16',
    energyWh: 'u32',
    buyerRateMicro: 'u32',
    sellerRateMicro: 'u32',
  },
} as const satisfies Description['types']

export const CALLS = {
  /** Creates a community or changes its rules. Root. */
  'registry.setCommunity': { community: 'u32', entry: 'Community' },
  /** Gives an account a role in one community. Root. */
  'registry.grantRole': { community: 'u32', role: 'Role', who: 'bytes32' },
  /** Takes a role away. Root. */
  'registry.revokeRole': { community: 'u32', role: 'Role', who: 'bytes32' },
  /** Registers a site or changes its zone and caps. The community's operator. */
  'registry.setSite': {
    site: 'bytes16',
    community: 'u32',
    member: 'bytes32',
    zone: 'u32',
    capImportWh: 'u32',
    capExportWh: 'u32',
  },
  /** Puts a key in force for a site and starts a new epoch; the key before it is revoked. The community's operator. */
  'registry.enrolGateway': { site: 'bytes16', gateway: 'bytes32' },
  /** Ends a key: nothing signed by it enters any more. The community's operator. */
  'registry.revokeGateway': { gateway: 'bytes32' },
  /** Issues money to a member against a unique payment reference. The community's operator. */
  'vault.issue': { community: 'u32', account: 'bytes32', amount: 'u128', reference: 'bytes32' },
  /** Enters signed orders and cancels of one community. Its relayer. */
  'orderbook.submit': { community: 'u32', items: 'SignedItem[]' },
  /**
   * Enters matches of one market, computed from the finalized block `computed_from`. The matching engine. A match that
   * breaks a rule gets its own event; the others enter.
   */
  'settlement.submitMatches': {
    community: 'u32',
    slotStart: 'u64',
    kind: 'MarketKind',
    computedFrom: 'u32',
    matches: 'Match[]',
  },
  /**
   * Executes trades of a slot and settles what sites deviated by. The settlement engine. In one call or several of one
   * root; a site's deviation is taken once all its trades are executed. All or nothing per call.
   */
  'settlement.settle': {
    community: 'u32',
    slotStart: 'u64',
    root: 'bytes32',
    allocations: 'Allocation[]',
    deviations: 'Deviation[]',
  },
} as const satisfies Description['calls']

export const EVENTS = {
  'registry.CommunitySet': { community: 'u32', entry: 'Community' },
  'registry.RoleGranted': { community: 'u32', role: 'Role', who: 'bytes32' },
  'registry.RoleRevoked': { community: 'u32', role: 'Role', who: 'bytes32' },
  'registry.SiteSet': {
    site: 'bytes16',
    community: 'u32',
    member: 'bytes32',
    zone: 'u32',
    capImportWh: 'u32',
    capExportWh: 'u32',
  },
  'registry.GatewayEnrolled': { site: 'bytes16', gateway: 'bytes32', epoch: 'u32' },
  'registry.GatewayRevoked': { site: 'bytes16', gateway: 'bytes32', epoch: 'u32' },
  /** New money for a member, against a payment that the operator received. */
  'vault.Issued': { account: 'bytes32', amount: 'u128', reference: 'bytes32' },
  /** Free became locked. */
  'vault.Locked': { account: 'bytes32', amount: 'u128' },
  /** Locked became free. */
  'vault.Released': { account: 'bytes32', amount: 'u128' },
  /** Left an account's locked balance, at execution. */
  'vault.Debited': { account: 'bytes32', amount: 'u128' },
  /** Arrived in an account's free balance, at execution. */
  'vault.Credited': { account: 'bytes32', amount: 'u128' },
  'orderbook.OrderEntered': { id: 'bytes32', order: 'Order', site: 'bytes16', member: 'bytes32', locked: 'u128' },
  /** An item of a batch was refused; `item_hash` is the SHA-256 of its bytes. */
  'orderbook.ItemRejected': { itemHash: 'bytes32', reason: 'Reason' },
  /** The end of an order; the lock of what remained is released. */
  'orderbook.OrderEnded': { id: 'bytes32', state: 'OrderState', remainingWh: 'u32' },
  'settlement.Traded': {
    trade: 'u64',
    community: 'u32',
    slotStart: 'u64',
    kind: 'MarketKind',
    bid: 'bytes32',
    offer: 'bytes32',
    buyerSite: 'bytes16',
    sellerSite: 'bytes16',
    energyWh: 'u32',
    buyerRateMicro: 'u32',
    sellerRateMicro: 'u32',
  },
  'settlement.MatchRejected': { index: 'u32', fault: 'MatchFault' },
  'settlement.TradeExecuted': { trade: 'u64', allocatedWh: 'u32', paid: 'u128', received: 'u128', fee: 'u128' },
  'settlement.SiteSettled': {
    community: 'u32',
    slotStart: 'u64',
    site: 'bytes16',
    soldWh: 'u32',
    boughtWh: 'u32',
    allocatedSoldWh: 'u32',
    allocatedBoughtWh: 'u32',
    shortfallWh: 'u32',
    unusedWh: 'u32',
    missingImport: 'bool',
    missingExport: 'bool',
    penalty: 'u128',
  },
  'settlement.SlotCommitted': { community: 'u32', slotStart: 'u64', root: 'bytes32' },
} as const satisfies Description['events']

export const STORAGE = {
  /** The full account information for a particular account ID. */
  'system.account': { keys: ['bytes32'], value: 'AccountInfo' },
  /** The current time for the current block. */
  'timestamp.now': { keys: [], value: 'u64' },
  /** The total units issued in the system. */
  'money.totalIssuance': { keys: [], value: 'u128' },
  /** The Balances pallet example of storing the balance of an account. */
  'money.account': { keys: ['bytes32'], value: 'AccountData' },
  /** The chain's identity: 32 random bytes, new at every fresh start, inside every signed message. */
  'registry.chainId': { keys: [], value: 'bytes32' },
  'registry.communities': { keys: ['u32'], value: 'Community?' },
  'registry.roles': { keys: ['u32', ['Role', 'bytes32']], value: 'unit?' },
  'registry.sites': { keys: ['bytes16'], value: 'Site?' },
  /**
   * The one community of each member: its operator, and no other, registers the member's sites and issues money to it.
   */
  'registry.members': { keys: ['bytes32'], value: 'u32?' },
  /** Every key that was ever enrolled, so that none can come back for another site. */
  'registry.gateways': { keys: ['bytes32'], value: 'Gateway?' },
  /** Payment references that money was issued against, so that none counts twice. */
  'vault.references': { keys: ['u32', 'bytes32'], value: 'u128?' },
  /** Orders of markets that are not closed yet, whatever their state: their ids must stay known. */
  'orderbook.orders': { keys: ['bytes32'], value: 'OrderRecord?' },
  /** The orders of one market. */
  'orderbook.marketOrders': { keys: [['u32', 'u64', 'MarketKind'], 'bytes32'], value: 'unit?' },
  /** What a site has open or traded in one slot, per side: what the nameplate caps. */
  'orderbook.exposure': { keys: [['u32', 'u64', 'MarketKind'], ['bytes16', 'Side']], value: 'u32' },
  /** Cancels that arrived before their order, by the time at which they came. */
  'orderbook.earlyCancels': { keys: [['bytes32', 'u32'], 'u64'], value: 'u64?' },
  /** How many cancels of one (gateway, epoch) wait for their order. */
  'orderbook.earlyCancelCount': { keys: [['bytes32', 'u32']], value: 'u32' },
  /** Markets by the minute (Unix time / 60) from which their match deadline has passed. */
  'orderbook.closing': { keys: ['u64', ['u32', 'u64', 'MarketKind']], value: 'unit?' },
  /** The minute up to which markets have been closed. */
  'orderbook.closedUpTo': { keys: [], value: 'u64' },
  'settlement.nextTrade': { keys: [], value: 'u64' },
  /** Trades that are not executed yet. */
  'settlement.trades': { keys: [['u32', 'u64'], 'u64'], value: 'Trade?' },
  /** What each site traded in a slot, until its deviation is settled. */
  'settlement.totals': { keys: [['u32', 'u64'], 'bytes16'], value: 'SiteTotals?' },
  /** The block in which trades of a market last entered: a match computed from before it is stale. */
  'settlement.lastMatched': { keys: [['u32', 'u64', 'MarketKind']], value: 'u32' },
  /** The commitment to the energy messages that a slot was settled by. */
  'settlement.roots': { keys: [['u32', 'u64']], value: 'bytes32?' },
} as const satisfies Description['storage']

export const CONSTANTS = {} as const satisfies Description['constants']

export const ERRORS = {
  registry: [
    'NotInRole',
    'UnknownCommunity',
    'UnknownSite',
    'UnknownGateway',
    'RulesContradict',
    'KeyInUse',
    'SiteBelongsToAnother',
    'NotAMember',
  ],
  vault: ['ReferenceUsed', 'NothingToIssue'],
  settlement: [
    'UnknownCommunity',
    'MarketClosed',
    'Stale',
    'TooEarly',
    'RootDiffers',
    'UnknownTrade',
    'AllocatedTooMuch',
    'UnknownSite',
    'TradesPending',
    'DeviationTooLarge',
  ],
} as const satisfies Description['errors']

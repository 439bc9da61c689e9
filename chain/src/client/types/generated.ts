import type { Description } from './shape.ts'

// Generated from the metadata of runtime/wattfleet_runtime.wasm by `npm run generate -w chain`. Do not edit.

export const TYPES = {
  AccountData: { free: 'u128', reserved: 'u128', frozen: 'u128', flags: 'u128' },
  AccountInfo: { nonce: 'u32', consumers: 'u32', providers: 'u32', sufficients: 'u32', data: 'AccountData' },
  Allocation: { trade: 'u64', allocatedWh: 'u32' },
  Bond: { amount: 'u128', boundUntil: 'u64' },
  Book: { entered: 'u32', lastMatched: 'u32', rateMicro: 'u32?', closedPages: 'u32' },
  Claim: { shortfallWh: 'u32', unusedWh: 'u32', missing: 'bool', message: 'MessageId?' },
  Community: { rules: 'CommunityRules', balancing: 'bytes32', gridOperator: 'bytes32' },
  CommunityRules: {
    slotLengthS: 'u32',
    spotOpensS: 'u32',
    relayMarginS: 'u32',
    gateClosureS: 'u32',
    matchDeadlineS: 'u32',
    energiesAfterS: 'u32',
    postOpensS: 'u32',
    postGateClosureS: 'u32',
    postMatchDeadlineS: 'u32',
    executionAfterS: 'u32',
    executionLatestS: 'u32',
    disputesS: 'u32',
    correctionsS: 'u32',
    shortfallRateMicro: 'u32',
    unusedRateMicro: 'u32',
    feeMicro: ['u32', 'u32'],
    marketRule: 'MarketRule',
    engineBondNano: 'u64',
  },
  Deviation: {
    site: 'bytes16',
    shortfallWh: 'u32',
    unusedWh: 'u32',
    missingImport: 'bool',
    missingExport: 'bool',
    message: 'MessageId?',
  },
  Entry: {
    oneOf: {
      order: {
        epoch: 'u32',
        sequence: 'u64',
        slotStart: 'u64',
        kind: 'MarketKind',
        side: 'Side',
        position: 'u32',
        fingerprint: 'bytes8',
        countedWh: 'u32',
      },
      'early-cancel': { epoch: 'u32', target: 'u64', cameAt: 'u64' },
    },
  },
  Gateway: { site: 'bytes16', epoch: 'u32', revoked: 'bool', endedAt: 'u64?' },
  MarketKind: ['spot', 'post'],
  MarketRule: {
    oneOf: {
      'pay-as-bid': {},
      uniform: {},
      'static-shares': { priceMicro: 'u32' },
      'proportional-shares': { priceMicro: 'u32' },
    },
  },
  Match: { bid: 'u32', offer: 'u32', energyWh: 'u32' },
  MatchFault: [
    'unknown-order',
    'wrong-side',
    'not-open',
    'amount',
    'price',
    'same-member',
    'energy-type',
    'too-many-trades',
  ],
  MessageId: { epoch: 'u32', sequence: 'u64' },
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
  Phase: ['live', 'given-up', 'forgetting'],
  ProofStep: { onLeft: 'bool', hash: 'bytes32' },
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
  Role: ['operator', 'relayer', 'matching-engine', 'settlement-engine', 'grid-operator'],
  Settled: {
    shortfallWh: 'u32',
    unusedWh: 'u32',
    missingImport: 'bool',
    missingExport: 'bool',
    penalty: 'u128',
    importSource: 'Source',
    exportSource: 'Source',
    claim: 'Claim',
    engine: 'bytes32',
    at: 'u64',
    revealed: 'MessageId?',
    challengedAt: 'u64?',
    judged: 'bool',
  },
  SharedEnergy: {
    flow: 'SiteFlow',
    source: 'Source',
    member: 'bytes32',
    share: 'u32',
    soldWh: 'u32',
    boughtWh: 'u32',
    at: 'u64',
    engine: 'bytes32',
    judged: 'bool',
  },
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
  SiteFlow: { site: 'bytes16', exportWh: 'u32', importWh: 'u32', message: 'MessageId?' },
  SiteTotals: {
    member: 'bytes32',
    soldWh: 'u32',
    boughtWh: 'u32',
    allocatedSoldWh: 'u32',
    allocatedBoughtWh: 'u32',
    trades: 'u32',
    pending: 'u32',
    heldForShortfall: 'u128',
    heldForUnused: 'u128',
    settled: 'Settled?',
    givenUp: 'bool',
  },
  Slot: {
    root: 'bytes32?',
    openTrades: 'u32',
    openSites: 'u32',
    settledSites: 'u32',
    phase: 'Phase',
    sweptTrade: 'u64?',
    sweptSite: 'bytes16?',
    splitRates: { option: ['u32', 'u32'] },
  },
  Source: ['engine', 'revealed', 'official'],
  Trade: {
    buyer: 'bytes32',
    seller: 'bytes32',
    buyerSite: 'bytes16',
    sellerSite: 'bytes16',
    energyWh: 'u32',
    buyerRateMicro: 'u32',
    sellerRateMicro: 'u32',
    state: 'TradeState',
  },
  TradeState: {
    oneOf: {
      open: {},
      executed: { allocatedWh: 'u32' },
      'given-up': {},
    },
  },
  Version: { from: 'u64', entry: 'Community' },
  Withdrawal: { account: 'bytes32', amount: 'u128' },
} as const satisfies Description['types']

export const CALLS = {
  /** Makes an account a validator, from the session after next. The council. */
  'validators.add': { validator: 'bytes32' },
  /** Ends an account's time as validator, from the session after next. The council. */
  'validators.remove': { validator: 'bytes32' },
  /**
   * Creates a community, or says what it is for slots from a start on, for which no order can have entered yet. The
   * council.
   */
  'registry.setCommunity': { community: 'u32', from: 'u64', entry: 'Community' },
  /** Gives an account a role in one community. The council. */
  'registry.grantRole': { community: 'u32', role: 'Role', who: 'bytes32' },
  /** Takes a role away. The council. */
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
  /**
   * Puts a key in force for a site and starts a new epoch; the key before it is revoked, and what was open under it is
   * cancelled. The community's operator.
   */
  'registry.enrolGateway': { site: 'bytes16', gateway: 'bytes32' },
  /** Ends a key: nothing signed by it enters any more, and what it has open is cancelled. The community's operator. */
  'registry.revokeGateway': { gateway: 'bytes32' },
  /** Sets a site's share in a community that splits by static shares. The community's operator. */
  'registry.setShare': { site: 'bytes16', share: 'u32' },
  /**
   * Issues money to a participant against a unique payment reference; it pays that account's debt first. The
   * community's operator.
   */
  'vault.issue': { community: 'u32', account: 'bytes32', amount: 'u128', reference: 'bytes32' },
  /**
   * Asks the operator for money of the signer's own: it is locked until the operator has paid it out. Any participant
   * without debt.
   */
  'vault.withdraw': { community: 'u32', amount: 'u128' },
  /**
   * Says that a withdrawal was paid out under a unique payment reference: its money ceases to be. The community's
   * operator.
   */
  'vault.redeem': { community: 'u32', id: 'u64', reference: 'bytes32' },
  /** Gives a withdrawal back to its account's free balance, unpaid. The community's operator. */
  'vault.decline': { community: 'u32', id: 'u64' },
  /** Moves what can be moved now of what an account owes, and is owed, by corrections. Anybody. */
  'vault.settleDebt': { community: 'u32', account: 'bytes32' },
  /** Enters signed orders and cancels of one community. Its relayer. What the batch really touched is what it costs. */
  'orderbook.submit': { community: 'u32', items: 'SignedItem[]' },
  /**
   * Enters matches of one market, computed from the finalized block `computed_from`. The matching engine. A match that
   * breaks a rule gets its own event; the others enter. A pay-as-clear market is matched after gate closure, at
   * `rate_micro`, which its first batch fixes.
   */
  'settlement.submitMatches': {
    community: 'u32',
    slotStart: 'u64',
    kind: 'MarketKind',
    computedFrom: 'u32',
    rateMicro: 'u32?',
    matches: 'Match[]',
  },
  /**
   * Settles what sites of a slot deviated by, then executes trades between sites that are settled, by their shares. The
   * settlement engine, its bond at stake. In one call or several of one root. All or nothing per call.
   */
  'settlement.settle': {
    community: 'u32',
    slotStart: 'u64',
    root: 'bytes32',
    allocations: 'Allocation[]',
    deviations: 'Deviation[]',
  },
  /**
   * Shows the signed energy message of a site of one's own against how its slot was settled: the site is settled again
   * by it. `trades` are all trades of the site in this slot, ascending; `proof` shows that the slot's root commits to
   * the message. The site's member, until disputes end; whoever shows a message in the root that answers a challenge.
   */
  'settlement.reveal': {
    community: 'u32',
    slotStart: 'u64',
    site: 'bytes16',
    message: 'SignedItem',
    proof: 'ProofStep[]?',
    trades: 'u64[]',
  },
  /**
   * Settles a site's slot again by official values; a counter that is not given stays as it was settled. `trades` are
   * all trades of the site in this slot, ascending. The grid operator, until corrections end.
   */
  'settlement.correct': {
    community: 'u32',
    slotStart: 'u64',
    site: 'bytes16',
    importWh: 'u32?',
    exportWh: 'u32?',
    trades: 'u64[]',
  },
  /**
   * Splits a slot's export over the sites of a community, all of them, ordered by id. First the settlement engine, its
   * bond at stake; then the grid operator, by official values, until corrections end: only the difference moves.
   */
  'settlement.settleCoefficients': { community: 'u32', slotStart: 'u64', root: 'bytes32', flows: 'SiteFlow[]' },
  /** Adds to what the signer has at stake as settlement engine of a community. */
  'settlement.postBond': { community: 'u32', amount: 'u128' },
  /** Takes the signer's whole stake back, once nothing that it settled can be disputed. */
  'settlement.releaseBond': { community: 'u32' },
  /** Takes the stake of an engine that, challenged, has not shown the message that it named for a site. Anybody. */
  'settlement.enforce': { community: 'u32', slotStart: 'u64', site: 'bytes16' },
  /**
   * Shows the signed energy message of a site of one's own against how a slot was split. The site's member, until
   * disputes end.
   */
  'settlement.revealFlow': {
    community: 'u32',
    slotStart: 'u64',
    site: 'bytes16',
    message: 'SignedItem',
    proof: 'ProofStep[]?',
  },
} as const satisfies Description['calls']

export const EVENTS = {
  'validators.Added': { validator: 'bytes32' },
  'validators.Removed': { validator: 'bytes32' },
  'registry.CommunitySet': { community: 'u32', from: 'u64', entry: 'Community' },
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
  'registry.ShareSet': { site: 'bytes16', share: 'u32' },
  'registry.GatewayEnrolled': { site: 'bytes16', gateway: 'bytes32', epoch: 'u32' },
  'registry.GatewayRevoked': { site: 'bytes16', gateway: 'bytes32', epoch: 'u32' },
  /** New money, against a payment that the operator received. */
  'vault.Issued': { account: 'bytes32', amount: 'u128', reference: 'bytes32' },
  /** Free became locked. */
  'vault.Locked': { account: 'bytes32', amount: 'u128' },
  /** Locked became free. */
  'vault.Released': { account: 'bytes32', amount: 'u128' },
  /** Left an account's locked balance, at execution. */
  'vault.Debited': { account: 'bytes32', amount: 'u128' },
  /** Left an account's free balance, by a correction or a debt. */
  'vault.Charged': { account: 'bytes32', amount: 'u128' },
  /** Arrived in an account's free balance. */
  'vault.Credited': { account: 'bytes32', amount: 'u128' },
  /** An account asks for its money; the amount is locked. */
  'vault.WithdrawalRequested': { community: 'u32', id: 'u64', account: 'bytes32', amount: 'u128' },
  /** Left an account's locked balance and ceased to be, against a payment that the operator made. */
  'vault.Redeemed': { community: 'u32', id: 'u64', account: 'bytes32', amount: 'u128', reference: 'bytes32' },
  /** The operator did not pay: the amount is free again. */
  'vault.WithdrawalDeclined': { community: 'u32', id: 'u64', account: 'bytes32', amount: 'u128' },
  /** What an account owes its community's balancing account from now on. */
  'vault.DebtSet': { account: 'bytes32', amount: 'u128' },
  /** What the balancing account owes an account from now on. */
  'vault.ClaimSet': { account: 'bytes32', amount: 'u128' },
  /** With its market, `position` names the order to matches. */
  'orderbook.OrderEntered': {
    id: 'bytes32',
    position: 'u32',
    order: 'Order',
    site: 'bytes16',
    member: 'bytes32',
    locked: 'u128',
  },
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
  /** The one rate of a pay-as-clear market: its first batch fixes it. */
  'settlement.RateFixed': { community: 'u32', slotStart: 'u64', kind: 'MarketKind', rateMicro: 'u32' },
  'settlement.TradeExecuted': { trade: 'u64', allocatedWh: 'u32', paid: 'u128', received: 'u128', fee: 'u128' },
  /** What an executed trade comes to now; only the difference moved. */
  'settlement.TradeCorrected': { trade: 'u64', allocatedWh: 'u32', paid: 'u128', received: 'u128', fee: 'u128' },
  /** Nobody settled its slot in time: what it had locked is free again, and nobody pays. */
  'settlement.TradeGivenUp': { trade: 'u64' },
  /** Nobody settled this site's slot in time: what was held for its deviations is free again. */
  'settlement.SiteGivenUp': { community: 'u32', slotStart: 'u64', site: 'bytes16' },
  /**
   * What a site's slot comes to: when it is settled, when its last trade has ended, and after each correction of it or
   * of a counterparty that changed it.
   */
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
    pending: 'u32',
    source: 'Source',
  },
  'settlement.SlotCommitted': { community: 'u32', slotStart: 'u64', root: 'bytes32' },
  /** What a site gave and got by coefficients; again after each correction. */
  'settlement.EnergyShared': {
    community: 'u32',
    slotStart: 'u64',
    site: 'bytes16',
    soldWh: 'u32',
    boughtWh: 'u32',
    received: 'u128',
    paid: 'u128',
  },
  /** What a settlement engine has at stake from now on. */
  'settlement.BondSet': { community: 'u32', engine: 'bytes32', amount: 'u128' },
  /**
   * A site's member has revealed a message that is not later than the one that the engine named: the engine, or
   * anybody, must reveal that one up to `answer_by`, or the engine's stake can be taken.
   */
  'settlement.SiteChallenged': {
    community: 'u32',
    slotStart: 'u64',
    site: 'bytes16',
    engine: 'bytes32',
    named: 'MessageId',
    answerBy: 'u64',
  },
  /** The message that the engine had named was revealed: the challenge is over. */
  'settlement.ChallengeAnswered': { community: 'u32', slotStart: 'u64', site: 'bytes16' },
  /**
   * A settlement engine claimed other of a site than the message in its own root says, or did not show the message that
   * it had named, and lost its stake. With it a challenge of this site is over.
   */
  'settlement.EngineSlashed': {
    community: 'u32',
    slotStart: 'u64',
    site: 'bytes16',
    engine: 'bytes32',
    amount: 'u128',
  },
} as const satisfies Description['events']

export const STORAGE = {
  /** The full account information for a particular account ID. */
  'system.account': { keys: ['bytes32'], value: 'AccountInfo' },
  /** The current time for the current block. */
  'timestamp.now': { keys: [], value: 'u64' },
  'validators.validators': { keys: [], value: 'bytes32[]' },
  /** The total units issued in the system. */
  'money.totalIssuance': { keys: [], value: 'u128' },
  /** The Balances pallet example of storing the balance of an account. */
  'money.account': { keys: ['bytes32'], value: 'AccountData' },
  /** The chain's identity: 32 random bytes, new at every fresh start, inside every signed message. */
  'registry.chainId': { keys: [], value: 'bytes32' },
  'registry.communities': { keys: ['u32'], value: 'Version[]' },
  'registry.roles': { keys: ['u32', ['Role', 'bytes32']], value: 'unit?' },
  'registry.sites': { keys: ['bytes16'], value: 'Site?' },
  /**
   * The one community of each account that has money: a member, a community's own two, a role. Its operator, and no
   * other, registers the member's sites, issues money to the account and pays it out.
   */
  'registry.members': { keys: ['bytes32'], value: 'u32?' },
  /** Every key that was ever enrolled, so that none can come back for another site. */
  'registry.gateways': { keys: ['bytes32'], value: 'Gateway?' },
  /** Sites of each community: a split leaves none of them out. */
  'registry.siteCount': { keys: ['u32'], value: 'u32' },
  /** A site's share of the community's export where it is split by static shares, in any unit that all of them have. */
  'registry.shares': { keys: ['bytes16'], value: 'u32' },
  /** Payment references that money was issued against, so that none counts twice. */
  'vault.references': { keys: ['u32', 'bytes32'], value: 'u128?' },
  /** Payment references that money was redeemed against, so that none counts twice. */
  'vault.redemptions': { keys: ['u32', 'bytes32'], value: 'u128?' },
  /** Issued less redeemed, by community: what its operator's bank account holds for it. */
  'vault.outstanding': { keys: ['u32'], value: 'u128' },
  'vault.nextWithdrawal': { keys: [], value: 'u64' },
  /** Withdrawals that wait for the operator. */
  'vault.withdrawals': { keys: ['u32', 'u64'], value: 'Withdrawal?' },
  /** What an account owes its community's balancing account by corrections. It blocks orders and withdrawals. */
  'vault.debts': { keys: ['bytes32'], value: 'u128' },
  /** What a balancing account still owes an account by corrections, until debts to it are paid. */
  'vault.claims': { keys: ['bytes32'], value: 'u128' },
  /** The sum of all claims in a community: while there are some, its balancing account pays them and nothing else. */
  'vault.claimsTotal': { keys: ['u32'], value: 'u128' },
  /** Markets that are not closed yet. */
  'orderbook.books': { keys: [['u32', 'u64', 'MarketKind']], value: 'Book' },
  /** The orders of a market, whatever their state, by page: position / `PAGE_ORDERS`. */
  'orderbook.pages': { keys: [['u32', 'u64', 'MarketKind'], 'u32'], value: 'OrderRecord[]' },
  /**
   * What is remembered of each site's items until entry for their slots is closed: identities, what counts towards the
   * nameplate, cancels that wait for their order.
   */
  'orderbook.entries': { keys: ['bytes16'], value: 'Entry[]' },
  /** Markets by the minute (Unix time / 60) from which their match deadline has passed. */
  'orderbook.closing': { keys: ['u64', ['u32', 'u64', 'MarketKind']], value: 'unit?' },
  /** The minute up to which markets have been closed. */
  'orderbook.closedUpTo': { keys: [], value: 'u64' },
  /** Orders that expire before their market closes, by the minute from which they have. */
  'orderbook.expiring': { keys: ['u64', [['u32', 'u64', 'MarketKind'], 'u32']], value: 'unit?' },
  /** The minute up to which orders have expired. */
  'orderbook.expiredUpTo': { keys: [], value: 'u64' },
  'settlement.nextTrade': { keys: [], value: 'u64' },
  /** The trades of each slot, executed or not, until nothing about the slot can change. */
  'settlement.trades': { keys: [['u32', 'u64'], 'u64'], value: 'Trade?' },
  /** What each site traded in a slot and how it was settled, as long. */
  'settlement.totals': { keys: [['u32', 'u64'], 'bytes16'], value: 'SiteTotals?' },
  /** What is still to do in each slot, and the root that it is settled by, as long. */
  'settlement.slots': { keys: [['u32', 'u64']], value: 'Slot' },
  /** What each site gave and got by coefficients in a slot, as long. */
  'settlement.sharedFlows': { keys: [['u32', 'u64'], 'bytes16'], value: 'SharedEnergy?' },
  /** What settlement engines have at stake. */
  'settlement.bonds': { keys: ['u32', 'bytes32'], value: 'Bond' },
  /** Slots by the minute (Unix time / 60) from which they are given up or forgotten. */
  'settlement.agenda': { keys: ['u64', ['u32', 'u64']], value: 'unit?' },
  /** The minute up to which the agenda was worked through. */
  'settlement.agendaFrom': { keys: [], value: 'u64' },
} as const satisfies Description['storage']

export const CONSTANTS = {
  /** As many as Aura and GRANDPA take. */
  'validators.maxValidators': 'u32',
  /** Most entries of each list that a call takes. */
  'orderbook.maxBatch': 'u32',
  /** Most entries of each list that a call takes. */
  'settlement.maxBatch': 'u32',
} as const satisfies Description['constants']

export const ERRORS = {
  validators: ['NoKeys', 'AlreadyValidator', 'NotAValidator', 'TooMany', 'LastOne'],
  registry: [
    'NotInRole',
    'UnknownCommunity',
    'UnknownSite',
    'UnknownGateway',
    'RulesContradict',
    'KeyInUse',
    'SiteBelongsToAnother',
    'NotAMember',
    'TooSoon',
    'NotASlotStart',
    'TooManyVersions',
    'CapTooLarge',
  ],
  vault: [
    'ReferenceUsed',
    'NothingToIssue',
    'NothingToWithdraw',
    'InDebt',
    'NotEnoughFree',
    'UnknownWithdrawal',
    'UnknownCommunity',
    'NoDebt',
  ],
  orderbook: ['UnknownCommunity'],
  settlement: [
    'UnknownCommunity',
    'MarketClosed',
    'Stale',
    'WrongRate',
    'TooEarly',
    'RootDiffers',
    'UnknownTrade',
    'AlreadyExecuted',
    'AllocatedWrong',
    'UnknownSite',
    'AlreadySettled',
    'DeviationTooLarge',
    'MessageUnnamed',
    'MissingTooEarly',
    'MissingByRule',
    'BondTooSmall',
    'BondBound',
    'NotSettled',
    'TradesIncomplete',
    'NotAnEnergyMessage',
    'WrongMessage',
    'BadSignature',
    'NotYourSite',
    'DisputesEnded',
    'SlotClosed',
    'CorrectionsEnded',
    'Superseded',
    'NotInRoot',
    'NotChallenged',
    'AnswerAwaited',
    'OfficialValueStands',
    'NothingToCorrect',
    'NotByCoefficients',
    'SitesDisordered',
    'SitesMissing',
    'BeyondNameplate',
  ],
} as const satisfies Description['errors']

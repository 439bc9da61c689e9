import { z } from 'zod'
import { SETTLEMENT_SOURCES } from '../ports.ts'
import { count, energyWh, hex, nano, powerW, rateMicro, side, unixS } from './fields.ts'
import { amount, market } from './resources.ts'

/** The snapshot that the page shows. */

const lastTrade = z.strictObject({
  trade: count('Number of the trade on the chain.'),
  slotStart: unixS('Slot traded.'),
  side,
  energyWh: energyWh('Energy traded.'),
  rateMicro: rateMicro('What this side pays or gets.'),
})

const house = z.strictObject({
  site: hex(16, 'Pseudonym of the site.'),
  name: z.string().nullable().meta({ description: 'What the operator calls it; null where it has no name.' }),
  gateway: hex(32, 'Public key of its gateway; null where none is enrolled.').nullable(),
  importW: powerW('Drawn from the grid now; null where nothing is known.').nullable(),
  exportW: powerW('Fed into the grid now; null where nothing is known.').nullable(),
  surplusW: powerW('Fed into the grid beyond what is drawn; null where nothing is known.').nullable(),
  powerAt: unixS('When the gateway said so, by its clock; null where it never did.').nullable(),
  meter: z
    .enum(['good', 'missing', 'unknown'])
    .meta({ description: '`missing`: the gateway cannot read its meter; `unknown`: the gateway said nothing yet.' }),
  openBids: amount.meta({ description: 'Its open bids, with what remains of them.' }),
  openOffers: amount.meta({ description: 'Its open offers, with what remains of them.' }),
  lastTrade: lastTrade.nullable().meta({ description: 'Its latest trade; null where there is none.' }),
  freeNano: nano('Money of its member that is free.'),
  lockedNano: nano('Money of its member that is locked for orders and trades.'),
})

const settlement = z.strictObject({
  slotStart: unixS('Slot settled.'),
  site: hex(16, 'Site settled.'),
  name: z.string().nullable().meta({ description: 'What the operator calls it; null where it has no name.' }),
  soldWh: energyWh('Sold by its trades.'),
  boughtWh: energyWh('Bought by its trades.'),
  allocatedSoldWh: energyWh('Of that delivered.'),
  allocatedBoughtWh: energyWh('Of that taken.'),
  shortfallWh: energyWh('Sold and not delivered.'),
  unusedWh: energyWh('Bought and not taken.'),
  missingImport: z.boolean().meta({ description: 'The import was missing and counted by rule.' }),
  missingExport: z.boolean().meta({ description: 'The export was missing and counted by rule.' }),
  source: z.enum(SETTLEMENT_SOURCES).meta({
    description:
      'Where the figures come from: the settlement engine, the site’s own signed reading that its member revealed, or the ' +
      'grid operator’s official value.',
  }),
  paidNano: nano('Paid: energy, fees and penalties.'),
  receivedNano: nano('Received for energy.'),
  penaltyNano: nano('Of what was paid, for deviation.'),
})

const totals = z.strictObject({
  orders: count('Orders that entered.'),
  trades: count('Trades.'),
  settled: count('Trades executed.'),
  refused: count('Orders and matches refused.'),
  energyBoughtWh: energyWh('Allocated to buyers.'),
  energySoldWh: energyWh('Allocated to sellers; equals what was bought.'),
  moneyInNano: nano('Paid in at execution and by corrections, fees and penalties included.'),
  moneyOutNano: nano('Paid out at execution and by corrections; equals what was paid in.'),
  issuedNano: nano('Issued by the operator and not redeemed.'),
  heldNano: nano('Sum of all balances; equals what was issued.'),
})

export const street = z.strictObject({
  title: z.string().meta({ description: 'Name of the street.' }),
  currency: z.string().meta({ description: 'Sign of the currency.' }),
  clockS: unixS('The street’s time now.'),
  unchangedForS: count('Seconds of real time since anything changed.'),
  slot: z
    .strictObject({ startsAt: unixS('Start.'), endsAt: unixS('End.') })
    .nullable()
    .meta({ description: 'The slot now, by the street’s time; null while the community’s rules are unknown.' }),
  head: z
    .strictObject({
      number: count('Number.'),
      hash: hex(32, 'Hash.'),
      timestampS: unixS('Timestamp.'),
    })
    .nullable()
    .meta({ description: 'Last finalized block in the index; null before the first.' }),
  houses: z.array(house).meta({ description: 'By name, then pseudonym; bounded.' }),
  houseCount: count('How many there are.'),
  markets: z.array(market).meta({ description: 'Of the current and the next slots, earliest first; bounded.' }),
  settlements: z.array(settlement).meta({ description: 'Latest first; bounded.' }),
  totals: totals.meta({ description: 'Sums over finalized events since block 0.' }),
})

/** What the page hears every second. */
export const clockTick = street.pick({ clockS: true, unchangedForS: true })

export type StreetResource = z.infer<typeof street>
export type ClockTick = z.infer<typeof clockTick>

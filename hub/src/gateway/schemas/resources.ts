import { GRADES, QUALITIES, REASONS } from '@wattfleet/protocol'
import { z } from 'zod'
import { TRADE_STATES } from '../ports.ts'
import { count, energyWh, hex, marketFields, nano, rateMicro, side, unixS } from './fields.ts'
import { ORDER_STATES } from './queries.ts'

/** The items of the lists, as they leave the hub. */

export const order = z.strictObject({
  id: hex(32, 'SHA-256 over gateway, epoch and sequence: the same everywhere.'),
  gateway: hex(32, 'Public key of the gateway that signed it.'),
  epoch: count('Epoch of the gateway’s key.'),
  sequence: count('Number that the gateway gave it within the epoch.'),
  site: hex(16, 'Site that trades; null where the order was rejected before its site was known.').nullable(),
  ...marketFields,
  side,
  energyWh: energyWh('Energy wanted or offered.').min(1),
  tradedWh: energyWh('Matched so far.'),
  remainingWh: energyWh('What can still be matched; 0 once the order has ended.'),
  priceMicro: rateMicro('Limit: a bid’s includes grid fees, an offer’s is before fees.'),
  expiresAt: unixS('When it ends by itself; 0 means at gate closure.'),
  energyTypes: z.int().min(0).max(7).meta({
    description: 'Bits 1 sun, 2 storage, 4 other. An offer says what it is, a bid what it accepts (0: all).',
  }),
  state: z.enum(ORDER_STATES).meta({ description: 'Where it stands in finalized blocks.' }),
  reason: z.enum(REASONS).nullable().meta({ description: 'Why it was rejected; null in every other state.' }),
  block: count('Finalized block of its entry; null for a rejected order.').nullable(),
})

const execution = z
  .strictObject({
    allocatedWh: energyWh('Energy allocated by what was measured, at most what was traded.'),
    paidNano: nano('Paid by the buyer, fee included.'),
    receivedNano: nano('Received by the seller.'),
    feeNano: nano('Received by the grid operator.'),
    block: count('Finalized block that said so last.'),
  })
  .meta({ description: 'What the trade comes to; null until it has ended.' })

export const trade = z.strictObject({
  trade: count('Number of the trade on the chain.'),
  ...marketFields,
  bid: hex(32, 'Order that bought.'),
  offer: hex(32, 'Order that sold.'),
  buyerSite: hex(16, 'Site that buys.'),
  sellerSite: hex(16, 'Site that sells.'),
  energyWh: energyWh('Energy traded.'),
  buyerRateMicro: rateMicro('What the buyer pays, grid fee included.'),
  sellerRateMicro: rateMicro('What the seller gets.'),
  block: count('Finalized block of the trade.'),
  tradedAt: unixS('Timestamp of that block.'),
  state: z.enum(TRADE_STATES).meta({
    description:
      '`open` until its slot is settled, then `executed`; `corrected` where it came to something else later; `given-up` where ' +
      'nobody settled the slot in time, so that nobody pays.',
  }),
  execution: execution.nullable(),
})

export const measurement = z
  .strictObject({
    site: hex(16, 'Site measured.'),
    gateway: hex(32, 'Public key of the gateway that signed it.'),
    epoch: count('Epoch of the gateway’s key.'),
    sequence: count('Number that the gateway gave it within the epoch.'),
    community: marketFields.community,
    slotStart: unixS('Start of the slot measured.'),
    importWh: energyWh(
      'Drawn from the grid (OBIS 1.8.0); null where quality is `missing`: missing is not zero.',
    ).nullable(),
    exportWh: energyWh('Fed into the grid (OBIS 2.8.0); null where quality is `missing`.').nullable(),
    errorWh: energyWh('How far each of the two figures may be off; null where quality is `missing`.').nullable(),
    quality: z.enum(QUALITIES).meta({ description: '`estimated` is interpolated or otherwise inferred.' }),
    grade: z
      .enum(GRADES)
      .meta({ description: '`billing` needs a calibrated meter; everything else is `operational`.' }),
  })
  .meta({ description: 'Energy of one site and slot as received. Personal data; it never goes on the chain.' })

export const amount = z.strictObject({ count: count('How many.'), energyWh: energyWh('What they come to.') })

export const PHASES = ['upcoming', 'open', 'matching', 'closed', 'delivery', 'settling', 'executed'] as const

export const market = z.strictObject({
  ...marketFields,
  slotEnd: unixS('End of the slot; null while the community’s rules are unknown.').nullable(),
  gateClosesAt: unixS('Last moment an order may enter a block; null where unknown.').nullable(),
  phase: z
    .enum(PHASES)
    .nullable()
    .meta({
      description:
        'By the timestamp of the last finalized block: upcoming, open to orders, matching after gate closure, closed until ' +
        'delivery, delivery, settling, executed. Null where unknown.',
    }),
  bids: amount.meta({ description: 'All bids that entered.' }),
  offers: amount.meta({ description: 'All offers that entered.' }),
  openBids: amount.meta({ description: 'Bids that can still be matched, with what remains of them.' }),
  openOffers: amount.meta({ description: 'Offers that can still be matched, with what remains of them.' }),
  bestBidMicro: rateMicro('Highest price among the open bids; null where there is none.').nullable(),
  bestOfferMicro: rateMicro('Lowest price among the open offers; null where there is none.').nullable(),
  trades: amount.meta({ description: 'Trades of this market.' }),
  executed: amount.meta({ description: 'Trades executed, with the energy allocated.' }),
})

/** One page of a list. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({
    items: z.array(item).meta({ description: 'Newest first.' }),
    next: z.string().nullable().meta({ description: 'Pass as `cursor` for what follows; null where nothing does.' }),
  })
}

export const orderPage = pageOf(order)
export const tradePage = pageOf(trade)
export const measurementPage = pageOf(measurement)
export const marketPage = pageOf(market)

export type OrderResource = z.infer<typeof order>
export type TradeResource = z.infer<typeof trade>
export type MeasurementResource = z.infer<typeof measurement>
export type MarketResource = z.infer<typeof market>

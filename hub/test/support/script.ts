import type { ExchangeCall } from '@wattfleet/chain'
import { matchPayAsBid, settleSlot } from '@wattfleet/market'
import { type MemoryChain, memoryChain } from './memory-chain.ts'
import { CHAIN_ID, COMMUNITY, house, moveIn, OPEN_S, RULES, SLOT, signedCancel, signedOrder } from './street.ts'

const NAMES = ['ada', 'ben', 'cy']

/**
 * A history made of numbers: each step is an order, a cancel, matches or a revocation, and every third step ends a block.
 * At its end the slot is past, its trades are executed and its sites settled.
 */
export function script(steps: readonly number[]): MemoryChain {
  const chain = memoryChain(CHAIN_ID, RULES)
  NAMES.forEach((name, at) => {
    moveIn(chain, house(name), at % 2)
  })
  const trades: { trade: number; buyerSite: string; sellerSite: string; energyWh: number }[] = []
  let nowS = OPEN_S
  const block = () => {
    nowS += 6
    for (const event of chain.produce(nowS).events) if (event.type === 'trade') trades.push(event)
  }
  const submit = (call: ExchangeCall) => chain.push(call)
  block()
  steps.forEach((step, at) => {
    const of = house(NAMES[step % 3] ?? 'ada')
    const kind = Math.floor(step / 3) % 6
    const items =
      kind === 0
        ? [signedCancel(of, { sequence: at + 1, target: at })]
        : [
            signedOrder(of, {
              sequence: at + 1,
              side: kind % 2 === 0 ? 'bid' : 'offer',
              energyWh: 1 + (step % 700),
              priceMicro: 50_000 + step * 300,
            }),
          ]
    if (kind < 5) submit({ call: 'submit-orders', community: COMMUNITY, items })
    else submit(matchesOf(chain))
    if (at % 3 === 2) block()
  })
  block()
  submit(matchesOf(chain))
  block()
  nowS = SLOT + 900 + 3600
  block()
  if (trades.length > 0) {
    const energies = new Map(
      NAMES.map((name, at) => [house(name).site, { importWh: 100 + at * 400, exportWh: 900 - at * 400 }]),
    )
    const { allocations, sites } = settleSlot(trades, energies)
    const deviations = sites.map(({ site, shortfallWh, unusedWh, missingImport, missingExport }) => ({
      ...{ site, shortfallWh, unusedWh, missingImport, missingExport },
      message: { epoch: 1, sequence: 1 },
    }))
    submit({
      call: 'settle',
      community: COMMUNITY,
      slotStart: SLOT,
      root: 'ab'.repeat(32),
      allocations: [],
      deviations,
    })
    block()
    submit({
      call: 'settle',
      community: COMMUNITY,
      slotStart: SLOT,
      root: 'ab'.repeat(32),
      allocations,
      deviations: [],
    })
    block()
  }
  return chain
}

function matchesOf(chain: MemoryChain): ExchangeCall {
  const open = [...chain.orders.orders.values()].filter(({ state }) => state === 'open')
  const book = open.map(({ id, order, site, remainingWh }, index) => ({
    id,
    side: order.side,
    member: site.member,
    zone: site.zone,
    priceMicro: order.priceMicro,
    remainingWh,
    energyTypes: order.energyTypes,
    block: 0,
    index,
  }))
  const positionOf = (id: string) => chain.orders.orders.get(id)?.position ?? -1
  const matches = matchPayAsBid(book, RULES.feeMicro).map(({ bid, offer, energyWh }) => {
    return { bid: positionOf(bid), offer: positionOf(offer), energyWh }
  })
  return {
    call: 'submit-matches',
    community: COMMUNITY,
    slotStart: SLOT,
    kind: 'spot',
    computedFrom: chain.all.length - 1,
    rateMicro: undefined,
    matches,
  }
}

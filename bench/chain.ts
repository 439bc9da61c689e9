import type { Costs } from '../chain/bench/by-weight.ts'
import { callsPerBlock, itemsPerBlock, perSecond } from '../chain/bench/capacity.ts'
import { growthOf, runGrowth } from '../chain/bench/growth.ts'
import type { Finalized } from '../chain/bench/pipeline.ts'
import { FULL, type NetworkFigures, QUICK, type Round, runNetwork } from '../chain/bench/run-network.ts'
import { median as medianOf } from './median.ts'

type Print = (line: string) => void

/**
 * What the chain carries: by the weights of its runtime, and into finalized blocks of real nodes, beside plain transfers on
 * the same network. `--quick`: one round, fewer of everything, and no growth over 10,000 blocks.
 */
export async function run(print: Print): Promise<object> {
  const isQuick = process.argv.includes('--quick')
  const size = isQuick ? QUICK : FULL
  const one = await runNetwork(1, size, print)
  const four = await runNetwork(4, size, print)
  const growth = isQuick ? undefined : await measureGrowth(print)
  const of = (what: (finalized: Finalized) => number) => {
    return { one: middle(one.rounds, what), four: middle(four.rounds, what) }
  }
  const finalized = of(({ perSecond }) => perSecond)
  const inABlock = of(({ mostInABlock }) => mostInABlock)
  const byWeight = printWeights(one.costs, print)
  const bytesPerOpenOrder = printState(one.state, print)
  printFinalized('into finalized blocks, a second, from the first sent to the last final', finalized, print)
  printFinalized('most in one block', inABlock, print)
  return {
    bench: 'chain',
    ordersPerSecondByWeight: byWeight.order,
    ordersPerSecondByWeightFourOfEachSite: byWeight.orderOfFour,
    ordersPerSecondByWeightUnpacked: byWeight.orderUnpacked,
    matchesPerSecondByWeight: byWeight.match,
    finalized,
    inABlock,
    bytesPerOpenOrder,
    growth: growth ?? null,
    ratio: Number((finalized.one.orders / finalized.one.transfers).toFixed(3)),
  }
}

type Middle = Record<keyof Round, number>

/** The median of the rounds. */
function middle(rounds: readonly Round[], of: (finalized: Finalized) => number): Middle {
  const median = (what: keyof Round) => Math.round(medianOf(rounds.map((round) => of(round[what]))))
  return { orders: median('orders'), matches: median('matches'), transfers: median('transfers') }
}

async function measureGrowth(print: Print): Promise<number | undefined> {
  const sizes = await runGrowth()
  if (sizes === undefined) print('growth: not measured, cargo is not here')
  else print(`state every 500 blocks from block 3,000 to 10,000, bytes: ${sizes.join(' ')}`)
  return sizes && Number(growthOf(sizes).toFixed(3))
}

function printWeights({ room, ...costs }: Costs, print: Print) {
  const { transfer, ...items } = costs
  const rows = Object.entries(items).map(([name, cost]) => ({
    name,
    ps: cost.eachPs,
    block: itemsPerBlock(room, cost),
  }))
  rows.push({ name: 'transfer', ps: transfer.fixedPs + room.extrinsicPs, block: callsPerBlock(room, transfer) })
  const share = `${room.normalPs / 10n ** 9n} ms of execution in a block of ${room.blockMs} ms`
  print(`\nby weight, ${share}`)
  printTable(
    ['', 'µs each', 'in a block', 'a second'],
    rows.map(({ name, ps, block }) => [name, Number(ps) / 1e6, block, perSecond(block, room)]),
    print,
  )
  const second = (name: keyof typeof items) => perSecond(itemsPerBlock(room, items[name]), room)
  const [order, orderOfFour] = [second('order'), second('orderOfFour')]
  return { order, orderOfFour, orderUnpacked: second('orderUnpacked'), match: second('match') }
}

/** Yields the figure for the first state that was measured: as many open orders of each site as usual. */
function printState(states: NetworkFigures['state'], print: Print): number {
  const rows = states.map(({ orders, ofEachSite, pages, entries, rest, holds }) => {
    return [`${ofEachSite} of each site`, pages + entries + rest, pages, entries, rest, holds].map((value) =>
      typeof value === 'number' ? Math.round(value / orders) : value,
    )
  })
  print('\nstate, bytes per open order')
  printTable(['open orders', 'orderbook', 'pages', 'entries', 'rest', 'beside it: holds'], rows, print)
  return Number(rows[0]?.[1])
}

function printFinalized(what: string, of: Readonly<Record<string, Middle>>, print: Print): void {
  print(`\n${what}`)
  const rows = Object.entries(of).map(([name, { orders, matches, transfers }]) => [name, orders, matches, transfers])
  printTable(['validators', 'orders', 'matches', 'transfers'], rows, print)
}

function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[], print: Print): void {
  const cells = [
    head,
    ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell))),
  ]
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  for (const row of cells) {
    const padded = row.map((cell, at) => (at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0)))
    print(padded.join('  ').trimEnd())
  }
}

import { askCosts, type Costs } from './by-weight.ts'
import { BATCHES_PER_BLOCK, callsPerBlock, itemsPerBlock } from './capacity.ts'
import { enrol, type Household } from './households.ts'
import { type BenchNetwork, startNetwork } from './network.ts'
import { type Finalized, type Signer, signerOf } from './pipeline.ts'
import { measureState, type StateSize } from './state-size.ts'
import { enterMatches, enterOrders, signOrders, slotFrom } from './trading.ts'
import { transfer } from './transfers.ts'

/** How much a run sends. */
export interface Size {
  readonly rounds: number
  /** What orders, and transfers, would fill by weight in each round. */
  readonly blocks: number
}

// in all rounds no site enters more orders than the chain remembers of one: 128
export const FULL: Size = { rounds: 3, blocks: 3 }
export const QUICK: Size = { rounds: 1, blocks: 1 }

/** Of each site in a batch, as the cost that blocks are filled by has it. */
const OF_EACH_SITE = 4
/** Markets that a block's orders of each site are spread over. */
const SLOTS_PER_BLOCK = 4
/** Open orders of a site where it orders for the next slot and replaces nothing. */
const USUAL_OPEN = 2

/** What a call takes, by the orderbook's constant of this name. */
const MAX_BATCH = 4_096

export interface Round {
  readonly transfers: Finalized
  readonly orders: Finalized
  readonly matches: Finalized
}

export interface NetworkFigures {
  readonly costs: Costs
  readonly rounds: readonly Round[]
  /** With so many orders open. */
  readonly state: readonly (StateSize & { readonly orders: number; readonly ofEachSite: number })[]
}

/** Everything that is measured on a network of so many validators. */
export async function runNetwork(count: 1 | 4, size: Size, print: (line: string) => void): Promise<NetworkFigures> {
  const network = await startNetwork(count)
  try {
    const { api } = network.session
    const signer = signerOf(api, network.engine)
    const costs = await askCosts(api, signer.sample)
    const households = await enrol(network, signer, sitesFor(costs))
    print(`${count} validator(s): ${households.length} sites enrolled`)
    return { costs, ...(await trade(network, signer, households, costs, size, print)) }
  } finally {
    await network.stop()
  }
}

/** As many sites as a batch is of. Even: half of them bid, half offer. */
function sitesFor({ room, orderOfFour }: Costs): number {
  const batch = Math.min(MAX_BATCH, itemsPerBlock(room, orderOfFour) / Number(BATCHES_PER_BLOCK))
  return 2 * Math.floor(batch / OF_EACH_SITE / 2)
}

async function trade(
  network: BenchNetwork,
  signer: Signer,
  households: readonly Household[],
  costs: Costs,
  size: Size,
  print: (line: string) => void,
): Promise<Omit<NetworkFigures, 'costs'>> {
  const senders = network.senders.map((sender) => signerOf(network.session.api, sender))
  const startS = Date.now() / 1_000
  const batch = households.length * OF_EACH_SITE
  const each = size.blocks * Number(BATCHES_PER_BLOCK) * OF_EACH_SITE
  // as much by weight: what takes no longer because it is less would look faster
  const blocks = (households.length * each) / itemsPerBlock(costs.room, costs.orderOfFour)
  const transfers = Math.floor(blocks * callsPerBlock(costs.room, costs.transfer))
  const state: NetworkFigures['state'][number][] = []
  let [sequence, slot, open] = [0, 0, 0]
  const nextSlots = (count: number) => Array.from({ length: count }, () => slotFrom(startS, slot++))
  const enter = async (slots: readonly number[], each: number) => {
    const orders = signOrders(network, households, slots, each, () => (sequence += 1))
    const entered = await enterOrders(network, signer, orders, slots, batch)
    open += orders.length
    return entered
  }
  const measure = async () => {
    state.push({ ...(await measureState(network)), orders: open, ofEachSite: open / households.length })
  }

  await enter(nextSlots(1), USUAL_OPEN)
  await measure()
  const rounds: Round[] = []
  for (let n = 1; n <= size.rounds; n++) {
    const slots = nextSlots(size.blocks * SLOTS_PER_BLOCK)
    const transferred = await transfer(network, senders, transfers)
    const orders = await enter(slots, each)
    if (n === 1) await measure()
    const inEach = (households.length * each) / slots.length / 2
    const matches = await enterMatches(network, signer, slots, inEach)
    rounds.push({ transfers: transferred, orders, matches })
    print(`  round ${n}: ${told('orders', orders)}; ${told('matches', matches)}; ${told('transfers', transferred)}`)
  }
  return { rounds, state }
}

function told(what: string, { perSecond, seconds, blocks, mostInABlock }: Finalized): string {
  return `${Math.round(perSecond)} ${what}/s (${seconds.toFixed(1)} s, ${blocks} blocks, up to ${mostInABlock} in one)`
}

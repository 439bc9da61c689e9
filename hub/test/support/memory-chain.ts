import { createHash } from 'node:crypto'
import type {
  BatchLimits,
  ChainCall,
  ExchangeCall,
  ExchangeEvent,
  FinalizedBlock,
  FinalizedBlocks,
  Submission,
  Submitter,
} from '@wattfleet/chain'
import type { CommunityRules } from '@wattfleet/protocol'
import { type MemoryOrders, type MemorySite, memoryOrders, type Registry } from './memory-orders.ts'
import { BALANCING, GRID_OPERATOR, memorySettlement } from './memory-settlement.ts'
import { type MemoryVault, memoryVault } from './memory-vault.ts'

/** Small enough that tests fill more than one batch. */
const LIMITS: BatchLimits = { orders: 200, matches: 200, allocations: 200, deviations: 200 }

interface Extrinsic {
  readonly account: string
  readonly call: ExchangeCall
  readonly end: (submission: Submission) => void
}

/**
 * The exchange in memory: registry, vault, orderbook and settlement with the rules that the chain enforces, blocks that
 * are final as soon as they are made, and a pool that survives whoever submitted. A call that fails part of the way is
 * a bug of the caller here (the chain itself rolls it back): it throws, so that no test passes over it unseen.
 */
export interface MemoryChain {
  readonly blocks: FinalizedBlocks
  readonly orders: MemoryOrders
  readonly vault: MemoryVault
  /** What the settlement engine has at stake. */
  bondNano(): bigint
  readonly all: readonly FinalizedBlock[]
  submitter(account: string): Submitter
  /** Puts a call into the pool, its end of no interest. */
  push(call: ExchangeCall): void
  /** Calls submitted so far, also those not in a block yet. */
  readonly submitted: readonly ExchangeCall[]
  /** Extrinsics that wait for a block. */
  waiting(): number
  setSite(site: MemorySite): void
  enrol(site: string, gateway: string): number
  revoke(gateway: string): void
  issue(account: string, amountNano: bigint): void
  /** Makes a block of everything that waits, with this time. */
  produce(timestampS: number): FinalizedBlock
  /** Ends what waits as if its era had passed. */
  dropPool(): void
}

export function memoryChain(chainId: Uint8Array, rules: CommunityRules): MemoryChain {
  let events: ExchangeEvent[] = [
    { type: 'community-set', from: 0, rules, balancing: BALANCING, gridOperator: GRID_OPERATOR },
  ]
  const emit = (event: ExchangeEvent) => void events.push(event)
  const registry: Registry = { chainId, rules, gateways: new Map(), sites: new Map() }
  const vault = memoryVault(emit)
  const orders = memoryOrders(registry, vault, emit)
  const settlement = memorySettlement(rules, orders, vault, emit)
  const all: FinalizedBlock[] = []
  const submitted: ExchangeCall[] = []
  let pool: Extrinsic[] = []
  const watching = new Set<() => void>()

  const run = (call: ExchangeCall, block: number, nowS: number): string | undefined => {
    switch (call.call) {
      case 'submit-orders':
        for (const item of call.items) orders.enter(item, nowS)
        return undefined
      case 'submit-matches':
        return settlement.match(call, block, nowS)
      case 'settle':
        return settlement.settle(call, nowS)
      case 'post-bond':
        return settlement.postBond(call.amountNano)
      default:
        throw new Error(`no ${call.call} here`)
    }
  }

  return {
    orders,
    vault,
    bondNano: () => settlement.bonds.nano,
    all,
    submitted,
    waiting: () => pool.length,
    push: (call) => void pool.push({ account: '', call, end: () => undefined }),
    submitter: (account) => submitterOf(account, () => pool, submitted),
    blocks: followerOf(all, watching),
    setSite(site) {
      registry.sites.set(site.site, site)
      emit({ type: 'site-set', community: rules.community, ...site })
    },
    enrol(site, gateway) {
      const epoch =
        1 + Math.max(0, ...[...registry.gateways.values()].filter((g) => g.site === site).map((g) => g.epoch))
      registry.gateways.set(gateway, { site, epoch, revoked: false })
      emit({ type: 'gateway-enrolled', site, gateway, epoch })
      return epoch
    },
    revoke(gateway) {
      const known = registry.gateways.get(gateway)
      if (known === undefined) throw new Error('no such gateway')
      known.revoked = true
      orders.cancelAll(known.site)
      emit({ type: 'gateway-revoked', site: known.site, gateway, epoch: known.epoch })
    },
    issue: vault.issue,
    produce(timestampS) {
      const number = all.length
      const included = pool
      pool = []
      const ends = included.map(({ call, end }) => {
        const before = events.length
        const error = run(call, number, timestampS)
        const isPartial = error !== undefined && events.slice(before).some((event) => event.type !== 'slot-committed')
        if (isPartial) throw new Error(`a call failed part of the way: ${error}`)
        if (error !== undefined) events = events.slice(0, before)
        return () =>
          end(
            error === undefined
              ? { ok: true, block: number }
              : { ok: false, error, effect: 'included-without-effect', block: number },
          )
      })
      orders.close(timestampS)
      const hash = createHash('sha256').update(`${number}/${timestampS}`).digest('hex')
      const block = { number, hash, timestampS, events }
      events = []
      all.push(block)
      for (const wake of [...watching]) wake()
      for (const end of ends) end()
      return block
    },
    dropPool() {
      const dropped = pool
      pool = []
      for (const { end } of dropped) end({ ok: false, error: 'era passed', effect: 'died' })
    },
  }
}

const KNOWN = ['submit-orders', 'submit-matches', 'settle', 'post-bond']

function isKnown(call: ChainCall): call is ExchangeCall {
  return KNOWN.includes(call.call)
}

function submitterOf(account: string, pool: () => Extrinsic[], submitted: ExchangeCall[]): Submitter {
  let last: Promise<unknown> = Promise.resolve()
  return {
    account,
    limits: async () => LIMITS,
    submit(call, signal) {
      if (!isKnown(call)) throw new Error(`no ${call.call} here`)
      const ended = last.then(
        () =>
          new Promise<Submission>((end, reject) => {
            if (signal.aborted) return reject(new Error('aborted'))
            signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
            submitted.push(call)
            pool().push({ account, call, end })
          }),
      )
      last = ended.catch(() => undefined)
      return ended
    },
  }
}

function followerOf(all: readonly FinalizedBlock[], watching: Set<() => void>): FinalizedBlocks {
  return {
    async follow(from, onBlock, signal) {
      for (let next = from; !signal.aborted; ) {
        const block = all[next]
        if (block !== undefined) {
          await onBlock(block)
          next++
          continue
        }
        await new Promise<void>((resolve) => {
          const wake = () => {
            watching.delete(wake)
            resolve()
          }
          watching.add(wake)
          signal.addEventListener('abort', wake, { once: true })
        })
      }
    },
  }
}

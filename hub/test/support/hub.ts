import type { Submitter } from '@wattfleet/chain'
import { type CommunityRules, type ManualClock, manualClock, type SignedMessage } from '@wattfleet/protocol'
import { type MemoryInbox, memoryInbox } from '../../src/adapters/inbox-memory.ts'
import { type MemoryIndex, memoryIndex } from '../../src/adapters/index-memory.ts'
import { runMatching } from '../../src/match/match.ts'
import { followChain } from '../../src/orderbook/follow.ts'
import { createPulse } from '../../src/pulse.ts'
import { runRelay } from '../../src/relay/relay.ts'
import { runSettlement } from '../../src/settle/settle.ts'
import { candidate } from './inboxes.ts'
import { type MemoryChain, memoryChain } from './memory-chain.ts'
import { ENGINE } from './memory-settlement.ts'
import { CHAIN_ID, COMMUNITY, type House, OPEN_S, quiet, RULES, until } from './street.ts'

export interface Hub {
  readonly chain: MemoryChain
  readonly inbox: MemoryInbox
  readonly index: MemoryIndex
  readonly clock: ManualClock
  /** What the matching and the settlement engine logged. */
  readonly said: readonly string[]
  /** Whether the chain says how far it is. */
  readonly node: { tells: boolean }
  /** Keys of gateways that their utility has stopped. */
  readonly stopped: Set<string>
  /** What intake would have stored. */
  put(of: House, signed: SignedMessage, entersUntilS?: number): void
  /** Starts a role; the same account goes on where the last one of it died. */
  start(role: 'orderbook' | 'relay' | 'match' | 'settle'): { stop(): Promise<void> }
  /** Makes a block at the clock's time and waits until the index has it. */
  block(): Promise<void>
  /** Waits until something was submitted, then makes its block. */
  blockWhenSubmitted(): Promise<void>
  stop(): Promise<void>
}

export function hub(rules: Partial<CommunityRules> = {}): Hub {
  const chain = memoryChain(CHAIN_ID, { ...RULES, ...rules })
  const said: string[] = []
  const say = (_: object, text: string) => void said.push(text)
  const log = { info: say, warn: say, error: say }
  const inbox = memoryInbox()
  const index = memoryIndex()
  const clock = manualClock(OPEN_S * 1000)
  const node = { tells: true }
  const stopped = new Set<string>()
  const isStopped = (key: string) => stopped.has(key)
  const finalizedBlock = () => (node.tells ? chain.all.length - 1 : undefined)
  const stored = createPulse()
  const indexed = createPulse()
  const submitters = new Map<string, Submitter>()
  const stops: (() => Promise<void>)[] = []
  const submitterOf = (account: string) => {
    const submitter = submitters.get(account) ?? chain.submitter(account)
    submitters.set(account, submitter)
    return submitter
  }
  const run = (role: string, signal: AbortSignal): Promise<void> => {
    const submitter = submitterOf(role)
    const community = COMMUNITY
    switch (role) {
      case 'orderbook':
        return followChain({ blocks: chain.blocks, index, journal: inbox, onBlock: indexed.beat, log: quiet }, signal)
      case 'relay':
        return runRelay(
          { community, queue: inbox, submitter, progress: index, isStopped, clock, stored, indexed, log: quiet },
          signal,
        )
      case 'match':
        return runMatching({ community, book: index, isStopped, finalizedBlock, submitter, indexed, log }, signal)
      default:
        return runSettlement(
          {
            ...{ community, slots: index, energies: inbox, plans: inbox, finalizedBlock, submitter, indexed, log },
            stake: { read: async () => ({ bondNano: chain.bondNano(), freeNano: chain.vault.of(ENGINE).free }) },
          },
          signal,
        )
    }
  }
  const block = async () => {
    const { number } = chain.produce(Math.floor(clock.nowMs() / 1000))
    await until(() => index.head()?.number === number, `block ${number} indexed`)
  }
  return {
    chain,
    inbox,
    index,
    clock,
    said,
    node,
    stopped,
    block,
    put(of, signed, entersUntilS) {
      const [said] = inbox.commit([candidate(of, signed, entersUntilS === undefined ? {} : { entersUntilS })], [])
      if (said !== 'stored') throw new Error(`not stored: ${said}`)
      stored.beat()
    },
    start(role) {
      const controller = new AbortController()
      const running = run(role, controller.signal)
      const stop = async () => {
        controller.abort()
        await running
      }
      stops.push(stop)
      return { stop }
    },
    async blockWhenSubmitted() {
      await until(() => chain.waiting() > 0, 'something submitted')
      await block()
    },
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()))
    },
  }
}

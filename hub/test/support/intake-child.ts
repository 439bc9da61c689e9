import { wallClock } from '@wattfleet/protocol'
import { memoryInbox } from '../../src/adapters/inbox-memory.ts'
import { openInbox } from '../../src/adapters/inbox-sqlite.ts'
import { memoryIndex } from '../../src/adapters/index-memory.ts'
import { createIntake, type Incoming } from '../../src/intake/intake.ts'
import { indexBlock } from '../../src/orderbook/follow.ts'
import { memoryChain } from './memory-chain.ts'
import { CHAIN_ID, COMMUNITY, house, moveIn, quiet, RULES } from './street.ts'

/*
 * Intake on a real inbox as a process of its own, to be killed: payloads come over the channel, the hashes of what was
 * receipted go back, each after its commit.
 */
const inbox = openInbox(process.argv[2] ?? '')
const index = memoryIndex()
const chain = memoryChain(CHAIN_ID, RULES)
moveIn(chain, house('ada'))
const clock = wallClock()
indexBlock(index, memoryInbox(), chain.produce(Math.floor(clock.nowMs() / 1000)))
const intake = createIntake({
  chain: CHAIN_ID,
  community: COMMUNITY,
  inbox,
  registry: index,
  isStopped: () => false,
  finalizedBlock: () => 0,
  clock,
  rate: { perSecond: 1e6, burst: 1e6 },
  monotonicMs: () => performance.now(),
  log: quiet,
})
process.on('message', (payloads: string[]) => {
  const group = payloads.map(
    (hex): Incoming => ({ wire: house('ada').wire, kind: 'order', payload: Buffer.from(hex, 'hex') }),
  )
  const receipted = intake.process(group, []).flatMap(({ receipt }) => (receipt.ok ? [receipt.hash] : []))
  process.send?.(receipted)
})
process.send?.('ready')

import { randomBytes } from 'node:crypto'
import {
  gatewayIdFrom,
  type Order,
  orderIdHex,
  type Reason,
  sha256,
  signMessage,
  toHex,
  toPayload,
  wallClock,
} from '@wattfleet/protocol'
import type { NetworkCommunity } from '../../../../chain/test/network/support/community.ts'
import type { Household } from '../../../../chain/test/network/support/households.ts'
import { createIntake, type Intake } from '../../../src/intake/intake.ts'
import type { InboxWriter, Registry } from '../../../src/ports.ts'
import { quiet } from '../../support/street.ts'

/** Between two orders. */
const EVERY_MS = 500
/** Every so many orders one that expires soon: it may enter in time or not, one of the two. */
const EVERY_BRIEF = 7
const BRIEF_S = 10
/** Every so many orders one that is sent again, as a gateway does that missed its receipt. */
const EVERY_TWICE = 5
/** Orders go to this many slots, from two hours ahead on: their gates stay open for as long as a test takes. */
const SLOTS = 4

export interface Feed {
  /** Orders that intake said it has, by id, with the hash of their bytes. */
  readonly receipted: ReadonlyMap<string, string>
  /** What intake said no to. */
  readonly refused: readonly Reason[]
  /** Stops after the order that is being sent. */
  stop(): void
}

/** Signed orders of households in turn, through the hub's intake, until stopped. */
export function feedOrders(
  { chainId, rules }: NetworkCommunity,
  households: readonly Household[],
  stores: { readonly inbox: InboxWriter; readonly registry: Registry },
): Feed {
  const clock = wallClock()
  const chain = Buffer.from(chainId, 'hex')
  const nowS = Math.floor(clock.nowMs() / 1000)
  const first = nowS - (nowS % rules.slotLengthS) + 9 * rules.slotLengthS
  const { community } = rules
  const intake: Intake = createIntake({
    ...{ chain, community, ...stores, clock, log: quiet, isStopped: () => false, finalizedBlock: () => undefined },
    ...{ rate: { perSecond: 1e3, burst: 1e3 }, monotonicMs: () => performance.now() },
  })
  const wires = new Map(households.map(({ gateway }) => [gateway, gatewayIdFrom(randomBytes(16))]))
  const receipted = new Map<string, string>()
  const refused: Reason[] = []

  const send = (count: number) => {
    const of = households[count % households.length]
    if (of === undefined) return
    const isBid = (count % households.length) % 2 === 0
    const order: Order = {
      ...{ chain, community, gateway: of.key.publicKey, epoch: 1, sequence: count + 1, kind: 'spot' },
      slotStart: first + (count % SLOTS) * rules.slotLengthS,
      ...{ side: isBid ? 'bid' : 'offer', priceMicro: isBid ? 300_000 : 100_000, energyTypes: isBid ? 0 : 1 },
      energyWh: 10 + (count % 20),
      expiresAt: count % EVERY_BRIEF === 0 ? Math.floor(clock.nowMs() / 1000) + BRIEF_S : 0,
    }
    const payload = toPayload(signMessage({ type: 'order', value: order }, of.key))
    const incoming = { wire: wires.get(of.gateway) ?? '', kind: 'order', payload } as const
    const times = count % EVERY_TWICE === 0 ? 2 : 1
    for (const { receipt } of intake.process(Array(times).fill(incoming), [])) {
      if (receipt.ok) receipted.set(orderIdHex(order), toHex(sha256(payload.subarray(0, -64))))
      else refused.push(receipt.reason)
    }
  }
  let count = 0
  const timer = setInterval(() => {
    send(count)
    count += 1
  }, EVERY_MS)
  return { receipted, refused, stop: () => clearInterval(timer) }
}

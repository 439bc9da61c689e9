import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ExchangeClient, type FinalizedBlock, openExchange, type Submitter } from '@wattfleet/chain'
import { orderIdHex, signMessage } from '@wattfleet/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type NetworkCommunity, networkCommunity } from '../../../chain/test/network/support/community.ts'
import { type Household, household, moveIn } from '../../../chain/test/network/support/households.ts'
import { command } from '../../../chain/test/network/support/program.ts'
import { makeValidators, type Validators } from '../../../chain/test/network/support/validators.ts'
import { freePorts } from '../../../test-support/ports.ts'
import { startPushListener } from '../../src/adapters/push-listener.ts'
import type { Push } from '../../src/orderbook/push.ts'
import { quiet } from '../support/street.ts'
import { hubProcess } from './support/hub-process.ts'

const PATIENCE_MS = 120_000
/** An offer locks what it costs not to deliver. */
const FUNDS_NANO = 10_000_000_000n
/** Two slots of Aura: one may be missed on a busy machine. */
const LONGEST_GAP_S = 12

const stopped = new AbortController()
const folder = mkdtempSync(join(tmpdir(), 'wattfleet-push-'))
let network: Validators
let community: NetworkCommunity
let exchange: ExchangeClient
let relayer: Submitter
let nodeKey: string
let houses: readonly Household[]
let sequence = 0

const hex = (text: string) => `0x${Buffer.from(text).toString('hex')}`

/** As docs/chain.md says it. */
const pushTo = (port: number) =>
  network.rpc(
    ...([0, 'offchain_localStorageSet', 'PERSISTENT', hex('wattfleet::push-url')] as const),
    hex(`http://127.0.0.1:${port}/orders`),
  )

/** An offer of each household in one batch. Yields the finalized block that it entered in. */
async function enterOrders(): Promise<number> {
  const { rules, chainId } = community
  const nowS = Math.floor(Date.now() / 1000)
  const slotStart = nowS - (nowS % rules.slotLengthS) + 9 * rules.slotLengthS
  sequence += 1
  const items = houses.map(({ key }) => {
    const identity = { chain: Buffer.from(chainId, 'hex'), community: rules.community, gateway: key.publicKey }
    const figures = { slotStart, energyWh: 10, priceMicro: 100_000, expiresAt: 0, energyTypes: 1 }
    const order = { ...identity, epoch: 1, sequence, kind: 'spot', side: 'offer', ...figures } as const
    return signMessage({ type: 'order', value: order }, key)
  })
  const call = { call: 'submit-orders', community: rules.community, items } as const
  const submission = await relayer.submit(call, AbortSignal.timeout(PATIENCE_MS))
  if (!submission.ok) throw new Error(submission.error)
  return submission.block
}

async function finalizedBlocks(first: number, last: number): Promise<FinalizedBlock[]> {
  const stop = new AbortController()
  const blocks: FinalizedBlock[] = []
  const take = (block: FinalizedBlock) => {
    blocks.push(block)
    if (block.number >= last) stop.abort()
  }
  await exchange.blocks.follow(first, take, stop.signal)
  return blocks
}

beforeAll(async () => {
  community = await networkCommunity()
  network = await makeValidators({ count: 1, preset: 'development', patch: community.patch })
  const made = await command(network.program, ['key', 'generate', '--scheme', 'ed25519', '--output-type', 'json'])
  const { secretPhrase, publicKey } = JSON.parse(made.stdout) as Record<string, string>
  nodeKey = publicKey?.slice(2) ?? ''
  const phrase = join(folder, 'push.phrase')
  writeFileSync(phrase, secretPhrase ?? '', { mode: 0o600 })
  const where = ['--chain', network.spec, '--base-path', network.basePath(0)]
  const key = ['--key-type', 'wfpu', '--scheme', 'ed25519', '--suri', phrase]
  await command(network.program, ['key', 'insert', ...where, ...key])
  await network.start(0)
  exchange = openExchange([`ws://127.0.0.1:${network.rpcPort(0)}`], stopped.signal)
  relayer = exchange.submitter(community.accounts.relayer, folder)
  houses = [household(FUNDS_NANO), household(FUNDS_NANO)]
  await moveIn(network, 0, community, houses)
  const isEnrolled = async ({ site }: Household) => (await (await exchange.queries()).site(site))?.gateway !== undefined
  await network.until('the households are enrolled', PATIENCE_MS, async () => {
    return (await Promise.all(houses.map(isEnrolled))).every(Boolean)
  })
})
afterAll(async () => {
  stopped.abort()
  await exchange?.close()
  await network?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** In the order of writing. */
describe('the off-chain worker of a node', () => {
  it('posts a block’s new orders, signed by the node’s key, when the block is made', async () => {
    const pushes: Push[] = []
    const finalizedThen: Promise<number>[] = []
    const onPush = (push: Push) => {
      pushes.push(push)
      finalizedThen.push(network.heads(0).then(({ finalized }) => finalized))
    }
    const config = { host: '127.0.0.1', port: 0, nodeKeys: [nodeKey] }
    const chain = Buffer.from(community.chainId, 'hex')
    const listener = await startPushListener({ config, chain, onPush, log: quiet })
    try {
      await pushTo(listener.port)
      const number = await enterOrders()
      const [block] = await finalizedBlocks(number, number)
      const entered = (block?.events ?? []).flatMap((event) => (event.type === 'order-entered' ? [event] : []))
      expect(entered).toHaveLength(houses.length)
      await network.until('a push', PATIENCE_MS, async () => pushes.length > 0)
      const parent = (await network.hashAt(0, number - 1)).slice(2)
      const orders = entered.map(({ id, position, order }) => ({ id, position, order }))
      expect(pushes).toEqual([{ chain: Uint8Array.from(chain), number, parent, orders }])
      expect(entered.map(({ id, order }) => id === orderIdHex(order))).toEqual([true, true])
      expect(listener.counts).toEqual({ received: 1, refused: 0 })
      // about a block's time before it was final, or not much later
      expect(await finalizedThen[0]).toBeLessThanOrEqual(number + 1)
    } finally {
      await listener.stop()
    }
  })

  it('does not hold up blocks where the service never answers', async () => {
    let connections = 0
    const silent = createServer((socket) => {
      connections += 1
      socket.on('error', () => undefined).resume()
    }).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    try {
      await pushTo((silent.address() as AddressInfo).port)
      const first = await enterOrders()
      await enterOrders()
      const last = await enterOrders()
      const times = (await finalizedBlocks(first, last)).map(({ timestampS }) => timestampS)
      const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0))
      expect(Math.max(...gaps)).toBeLessThanOrEqual(LONGEST_GAP_S)
      expect(connections).toBeGreaterThanOrEqual(2)
    } finally {
      silent.close()
    }
  })

  it('tells a hub, which counts it and indexes what is final', async () => {
    const [httpPort = 0, pushPort = 0] = await freePorts(2)
    const hub = hubProcess(folder, community, [`ws://127.0.0.1:${network.rpcPort(0)}`], {
      ...{ roles: ['orderbook', 'gateway'], http: { port: httpPort } },
      push: { port: pushPort, nodeKeys: [nodeKey] },
    })
    await hub.start()
    try {
      await pushTo(pushPort)
      await enterOrders()
      await network.until('a push and the orders of all batches', PATIENCE_MS, async () => {
        const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text()
        const has = (name: string, value: number) => text.includes(`\nwattfleet_${name} ${value}\n`)
        return (
          has('push_received_total', 1) &&
          has('push_refused_total', 0) &&
          has('orders_entered_total', sequence * houses.length)
        )
      })
    } finally {
      await hub.stop()
    }
  })
})

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiPromise, WsProvider } from '@polkadot/api'
import { Keyring } from '@polkadot/keyring'
import { fromHex, type Order, type SigningKey, signingKeyFromSeed, signMessage, toHex } from '@wattfleet/protocol'
import { type Account, accountFromSeed } from '../../src/client/account.ts'
import { openExchange } from '../../src/client/exchange-client.ts'
import type { ChainCall } from '../../src/exchange.ts'
import { COMMUNITY, configFor, everyRole, hex32, RULES } from '../fixture.ts'
import { makeValidators } from '../network/support/validators.ts'
import { servedChain } from '../served.ts'

/** A chain to which other people's clients connect, with an order in it and a member to whom money can be issued. */
export interface Prepared {
  readonly url: string
  /** Of the account that has every role: 32 bytes, hex. */
  readonly seed: string
  readonly chainId: string
  /** Account, hex. */
  readonly member: string
  readonly order: Order
  stop(): Promise<void>
}

interface Served {
  readonly url: string
  readonly seed: Uint8Array
  stop(): Promise<void>
}

/** The embedded chain, which makes a block whenever something waits for one. */
async function embedded(): Promise<Served> {
  const chain = await servedChain()
  let blocks: Promise<unknown> = Promise.resolve()
  const quiet = chain.running.chain.pool.onWaiting(() => {
    blocks = blocks.then(() => chain.block())
  })
  return {
    url: chain.url,
    seed: chain.seed,
    async stop() {
      quiet()
      await blocks
      await chain.stop()
    },
  }
}

/** One validator of its own process; its council, which is Alice, founds the community. */
async function validator(): Promise<Served> {
  const node = await makeValidators({ count: 1, preset: 'development' })
  const seed = randomBytes(32)
  const url = `ws://127.0.0.1:${node.rpcPort(0)}`
  try {
    await node.start(0)
    await found(url, accountFromSeed(seed))
    return { url, seed, stop: node.stop }
  } catch (error) {
    await node.stop()
    throw error
  }
}

async function found(url: string, account: Account): Promise<void> {
  const api = await ApiPromise.create({ provider: new WsProvider(url) as never, noInitWarn: true })
  const alice = new Keyring({ type: 'sr25519' }).addFromUri('//Alice')
  const { community } = configFor('', hex32(), everyRole(account)).genesis
  const { community: number, ...rules } = community.rules
  const marketRule = { PayAsBid: null }
  const [balancing, gridOperator] = [community.balancing, community.gridOperator].map((hex) => `0x${hex}`)
  const motions = [
    api.tx.registry?.setCommunity?.(number, 0, { rules: { ...rules, marketRule }, balancing, gridOperator }),
  ]
  for (const role of ['Operator', 'Relayer'])
    motions.push(api.tx.registry?.grantRole?.(number, role, account.pair.address))
  const calls = motions.map((call) => call && api.tx.council?.propose?.(1, call, call.method.encodedLength))
  const paid = api.tx.balances?.transferKeepAlive?.(account.pair.address, 1_000_000_000_000)
  const last = [...calls, paid].filter((call) => call !== undefined)
  for (const [nonce, call] of last.entries()) {
    await new Promise<void>((resolve, reject) => {
      const isLast = nonce === last.length - 1
      const sent = call.signAndSend(alice, { nonce }, ({ status, dispatchError }) => {
        if (dispatchError !== undefined) reject(new Error(dispatchError.toString()))
        else if (!isLast || status.isFinalized) resolve()
      })
      sent.catch(reject)
    })
  }
  await api.disconnect()
}

/** Registers a site, gives its member money and enters one order, by the project's own client. */
async function prepare({ url, seed, stop }: Served): Promise<Prepared> {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-interop-'))
  const controller = new AbortController()
  const exchange = openExchange([url], controller.signal)
  try {
    const submitter = exchange.submitter(accountFromSeed(seed), folder)
    const submit = async (call: ChainCall) => {
      const end = await submitter.submit(call, controller.signal)
      if (!end.ok) throw new Error(`${call.call}: ${end.error}`)
    }
    const queries = await exchange.queries()
    const chainId = await queries.chainId()
    const key = signingKeyFromSeed(randomBytes(32))
    const [site, member, community] = [randomBytes(16).toString('hex'), hex32(), COMMUNITY]
    await submit({ call: 'set-site', site, community, member, zone: 1, capImportWh: 5_000, capExportWh: 5_000 })
    await submit({ call: 'enrol-gateway', site, gateway: toHex(key.publicKey) })
    await submit({ call: 'issue', community, account: member, amountNano: 10n ** 10n, reference: hex32() })
    const order = bidOf(key, chainId, await queries.timestampMs())
    await submit({ call: 'submit-orders', community, items: [signMessage({ type: 'order', value: order }, key)] })
    return { url, seed: toHex(seed), chainId, member, order, stop }
  } catch (error) {
    await stop()
    throw error
  } finally {
    controller.abort()
    await exchange.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** For a slot two hours from now. */
function bidOf(key: SigningKey, chainId: string, nowMs: number): Order {
  const slotStart = (Math.floor(nowMs / 1000 / RULES.slotLengthS) + 8) * RULES.slotLengthS
  return {
    ...{ chain: fromHex(chainId, 32) ?? new Uint8Array(), community: COMMUNITY, gateway: key.publicKey, epoch: 1 },
    ...{ sequence: 1, kind: 'spot', side: 'bid', slotStart, energyWh: 1_234, priceMicro: 250_000 },
    ...{ expiresAt: 0, energyTypes: 0 },
  }
}

/** Chains to test against: the embedded one, and a node of its own where WATTFLEET_NODE names its program. */
export const CHAINS: readonly (readonly [name: string, start: () => Promise<Prepared>])[] = [
  ['the embedded chain', async () => prepare(await embedded())],
  ...(process.env.WATTFLEET_NODE === undefined ? [] : [['the node', async () => prepare(await validator())] as const]),
]

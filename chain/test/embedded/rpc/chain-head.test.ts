import { readFileSync } from 'node:fs'
import { hexToU8a } from '@polkadot/util'
import { blake2AsHex, xxhashAsHex } from '@polkadot/util-crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WASM_PATH } from '../../../runtime-hash.ts'
import { MAX_FOLLOWS } from '../../../src/embedded/rpc/chain-head.ts'
import { Follow, MAX_OPERATIONS } from '../../../src/embedded/rpc/follow.ts'
import { ITEMS_PER_EVENT } from '../../../src/embedded/rpc/storage-items.ts'
import {
  type ExtrinsicSigner,
  extrinsicSigner,
  type RawClient,
  rawClient,
  type ServedChain,
  servedChain,
} from '../../served.ts'

const NOWHERE = `0x${'00'.repeat(32)}`
const CHAIN_ID = `${xxhashAsHex('Registry', 128)}${xxhashAsHex('ChainId', 128).slice(2)}`
const NOTHING_HERE = '0xdead'
/** A prefix of keys that no pallet has. */
const MANY = '0xffffffff'
const MANY_KEYS = Array.from({ length: 2 * ITEMS_PER_EVENT + 1 }, (_, i) => MANY + i.toString(16).padStart(8, '0'))
const SPEC = { specName: 'wattfleet', specVersion: expect.any(Number), transactionVersion: expect.any(Number) }

type Event = { readonly event: string } & Record<string, unknown>
type Started = { readonly result: string; readonly operationId: string; readonly discardedItems?: number }

describe('chainHead_v1', () => {
  let chain: ServedChain
  let signer: ExtrinsicSigner
  let client: RawClient
  const clients: RawClient[] = []
  const connect = async () => {
    client = await rawClient(chain.url)
    clients.push(client)
    return client
  }

  /** What a follow was told so far. */
  const told = (follow: string): Event[] =>
    client.messages.flatMap((one) =>
      !Array.isArray(one) && one.params?.subscription === follow ? [one.params.result as Event] : [],
    )
  const event = async (follow: string, fits: (event: Event) => boolean): Promise<Event> => {
    const { params } = await client.find(
      (one) => one.params?.subscription === follow && fits(one.params.result as Event),
    )
    return params?.result as Event
  }
  const named = (follow: string, name: string) => event(follow, (one) => one.event === name)
  const ended = (follow: string, { operationId }: Started) =>
    event(follow, (one) => one.operationId === operationId && !/Items|Waiting/.test(one.event))
  /** Follows on a connection of its own, and yields the follow and the current block. */
  const following = async (withRuntime = true) => {
    await connect()
    const follow = await client.result<string>('chainHead_v1_follow', withRuntime)
    const { finalizedBlockHashes } = await named(follow, 'initialized')
    const hashes = finalizedBlockHashes as string[]
    return { follow, hashes, hash: hashes.at(-1) ?? '' }
  }
  const storage = (follow: string, hash: string, items: readonly object[]) =>
    client.result<Started>('chainHead_v1_storage', follow, hash, items, null)
  const itemsOf = (follow: string, { operationId }: Started) =>
    told(follow)
      .filter((one) => one.event === 'operationStorageItems' && one.operationId === operationId)
      .flatMap(({ items }) => items as { key: string; value?: string; hash?: string }[])

  beforeAll(async () => {
    chain = await servedChain()
    signer = await extrinsicSigner(chain)
    const many = await signer.signAsRoot(0, (tx) => tx.system?.setStorage?.(MANY_KEYS.map((key) => [key, '0x01'])))
    for (const extrinsic of many) await chain.running.chain.submit(extrinsic)
    await chain.block()
  })
  afterEach(() => Promise.all(clients.splice(0).map((one) => one.close())))
  afterAll(async () => {
    await signer?.close()
    await chain.stop()
  })

  it('begins with the last final blocks and the runtime, then tells every block as new, best and final', async () => {
    const { follow, hash } = await following()
    await named(follow, 'bestBlockChanged')
    const [initialized, best] = told(follow)
    expect(initialized).toMatchObject({ finalizedBlockRuntime: { type: 'valid', spec: SPEC } })
    const core = '0xdf6acb689907609b'
    expect(initialized).toHaveProperty(['finalizedBlockRuntime', 'spec', 'apis', core], expect.any(Number))
    expect(best).toEqual({ event: 'bestBlockChanged', bestBlockHash: hash })
    const block = await chain.block()
    await named(follow, 'finalized')
    expect(told(follow).slice(2)).toEqual([
      { event: 'newBlock', blockHash: block.hash, parentBlockHash: hash, newRuntime: null },
      { event: 'bestBlockChanged', bestBlockHash: block.hash },
      { event: 'finalized', finalizedBlockHashes: [block.hash], prunedBlockHashes: [] },
    ])
  })

  it('says nothing of runtimes to who did not ask, and calls none for them', async () => {
    const { follow, hash } = await following(false)
    expect(told(follow)[0]).not.toHaveProperty('finalizedBlockRuntime')
    await chain.block()
    expect(await named(follow, 'newBlock')).not.toHaveProperty('newRuntime')
    const refused = await client.ask('chainHead_v1_call', follow, hash, 'Core_version', '')
    expect(refused.error).toMatchObject({ code: -32802 })
  })

  it('answers header, body and call of a pinned block', async () => {
    const { follow, hash } = await following()
    const block = chain.running.chain.store.byHash(hash)
    expect(await client.result('chainHead_v1_header', follow, hash)).toBe(block?.header)
    const body = await client.result<Started>('chainHead_v1_body', follow, hash)
    expect(await ended(follow, body)).toMatchObject({ event: 'operationBodyDone', value: block?.extrinsics })
    const call = await client.result<Started>('chainHead_v1_call', follow, hash, 'Core_version', '')
    const output = await chain.running.chain.call('Core_version', '0x', block?.number ?? 0)
    expect(await ended(follow, call)).toMatchObject({ event: 'operationCallDone', output })
    const missing = await client.result<Started>('chainHead_v1_call', follow, hash, 'No_such', '0x')
    expect(await ended(follow, missing)).toMatchObject({ event: 'operationError', error: expect.any(String) })
  })

  it('reads values and hashes, of one key or of all below', async () => {
    const { follow, hash } = await following()
    const value = `0x${chain.config.genesis.chainId}`
    const started = await storage(follow, hash, [
      { key: CHAIN_ID, type: 'value' },
      { key: NOTHING_HERE, type: 'value' },
      { key: CHAIN_ID, type: 'hash' },
      { key: CHAIN_ID.slice(0, 34), type: 'descendantsHashes' },
    ])
    expect(started).toEqual({ result: 'started', operationId: started.operationId, discardedItems: 0 })
    expect(await ended(follow, started)).toMatchObject({ event: 'operationStorageDone' })
    const [first, second, ...below] = itemsOf(follow, started)
    const hashed = { key: CHAIN_ID, hash: blake2AsHex(hexToU8a(value), 256) }
    expect([first, second]).toEqual([{ key: CHAIN_ID, value }, hashed])
    expect(below).toContainEqual(hashed)
    expect(below.every(({ key }) => key.startsWith(CHAIN_ID.slice(0, 34)))).toBe(true)
    const merkle = await storage(follow, hash, [{ key: CHAIN_ID, type: 'closestDescendantMerkleValue' }])
    expect(await ended(follow, merkle)).toMatchObject({ event: 'operationError' })
  })

  it('waits after so many items until the client goes on', async () => {
    const { follow, hash } = await following()
    const started = await storage(follow, hash, [{ key: MANY, type: 'descendantsValues' }])
    const waits = () => told(follow).filter((one) => one.event === 'operationWaitingForContinue').length
    for (const page of [1, 2]) {
      await event(follow, () => waits() === page)
      expect(itemsOf(follow, started)).toHaveLength(page * ITEMS_PER_EVENT)
      expect(await client.result('chainHead_v1_continue', follow, started.operationId)).toBe(null)
    }
    expect(await ended(follow, started)).toMatchObject({ event: 'operationStorageDone' })
    expect(itemsOf(follow, started)).toEqual(MANY_KEYS.map((key) => ({ key, value: '0x01' })))
    expect(await client.result('chainHead_v1_continue', follow, started.operationId)).toBe(null)
  })

  it('limits operations, discards the items that find no place, and gives places back', async () => {
    const { follow, hash } = await following()
    const waiting = await storage(follow, hash, [{ key: MANY, type: 'descendantsValues' }])
    await named(follow, 'operationWaitingForContinue')
    const items = Array.from({ length: MAX_OPERATIONS }, () => ({ key: MANY, type: 'descendantsHashes' }))
    const rest = await storage(follow, hash, items)
    expect(rest).toMatchObject({ result: 'started', discardedItems: 1 })
    for (const [method, ...more] of [['body'], ['call', 'Core_version', ''], ['storage', items, null]] as const) {
      const answer = await client.result(`chainHead_v1_${method}`, follow, hash, ...more)
      expect(answer).toEqual({ result: 'limitReached' })
    }
    await client.result('chainHead_v1_stopOperation', follow, waiting.operationId)
    const body = await client.result<Started>('chainHead_v1_body', follow, hash)
    expect(await ended(follow, body)).toMatchObject({ event: 'operationBodyDone' })
    const call = await client.result<Started>('chainHead_v1_call', follow, hash, 'Metadata_metadata', '')
    const early = await client.ask('chainHead_v1_continue', follow, call.operationId)
    expect(early.error).toMatchObject({ code: -32803 })
    await client.result('chainHead_v1_stopOperation', follow, call.operationId)
    await chain.running.chain.call('Metadata_metadata', '0x', 0)
    await client.result('system_name')
    expect(told(follow).some(({ operationId }) => operationId === call.operationId)).toBe(false)
  })

  it('keeps blocks pinned until they are unpinned, all named or none', async () => {
    const { follow, hashes, hash } = await following()
    const older = hashes[0] ?? ''
    const refusal = async (unpinned: unknown) => (await client.ask('chainHead_v1_unpin', follow, unpinned)).error?.code
    expect(await refusal([older, NOWHERE])).toBe(-32801)
    expect(await refusal([older, older])).toBe(-32804)
    expect(await refusal(7)).toBe(-32602)
    expect(await client.result('chainHead_v1_header', follow, older)).toMatch(/^0x/)
    expect(await client.result('chainHead_v1_unpin', follow, [older, hash])).toBe(null)
    for (const gone of [older, hash]) {
      expect((await client.ask('chainHead_v1_header', follow, gone)).error).toMatchObject({ code: -32801 })
    }
    const { hash: next } = await chain.block()
    await named(follow, 'newBlock')
    expect(await client.result('chainHead_v1_unpin', follow, next)).toBe(null)
  })

  it('answers of a follow that is none, or is no more, as the specification says', async () => {
    const { follow, hash } = await following()
    expect(await client.result('chainHead_v1_unfollow', follow)).toBe(null)
    const before = told(follow).length
    await chain.block()
    for (const gone of [follow, 'never']) {
      expect(await client.result('chainHead_v1_header', gone, hash)).toBe(null)
      expect(await client.result('chainHead_v1_body', gone, hash)).toEqual({ result: 'limitReached' })
      expect(await client.result('chainHead_v1_unpin', gone, hash)).toBe(null)
      expect(await client.result('chainHead_v1_stopOperation', gone, 'x')).toBe(null)
      expect(await client.result('chainHead_v1_unfollow', gone)).toBe(null)
    }
    expect(told(follow)).toHaveLength(before)
  })

  it('refuses a follow too many', async () => {
    const { follow } = await following()
    for (let i = 1; i < MAX_FOLLOWS; i += 1) await client.result('chainHead_v1_follow', false)
    expect((await client.ask('chainHead_v1_follow', false)).error).toMatchObject({ code: -32800 })
    await client.result('chainHead_v1_unfollow', follow)
    expect(await client.result('chainHead_v1_follow', false)).toMatch(/^[0-9a-f]{16}$/)
  })

  it('refuses parameters of the wrong kind', async () => {
    const { follow, hash } = await following()
    const wrong = [
      ['follow', 'yes'],
      ['header', 7, hash],
      ['header', follow, 7],
      ['body', follow],
      ['call', follow, hash, 7, ''],
      ['call', follow, hash, 'Core_version', 'zz'],
      ['storage', follow, hash, {}, null],
      ['storage', follow, hash, [null], null],
      ['storage', follow, hash, [{ key: '0x00', type: 'all' }], null],
      ['storage', follow, hash, [], '0x00'],
      ['continue', follow],
    ]
    for (const [method, ...params] of wrong) {
      expect((await client.ask(`chainHead_v1_${method}`, ...params)).error).toMatchObject({ code: -32602 })
    }
  })

  it('stops where nothing is unpinned', async () => {
    const events: Event[] = []
    const pinned = Math.min(10, chain.running.chain.head().number + 1)
    const follow = new Follow(chain.running.chain, false, pinned + 1)
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
    const end = follow.start((one) => events.push(one as Event), stop)
    await chain.block()
    await chain.block()
    await stopped
    end()
    expect(events.filter((one) => one.event === 'newBlock')).toHaveLength(1)
    expect(events.at(-1)).toEqual({ event: 'stop' })
  })

  it('names the chain', async () => {
    await connect()
    expect(await client.result('chainSpec_v1_chainName')).toBe('Wattfleet Development')
    expect(await client.result('chainSpec_v1_genesisHash')).toBe(chain.running.chain.store.byNumber(0)?.hash)
    expect(await client.result('chainSpec_v1_properties')).toMatchObject({ tokenSymbol: 'WATT' })
  })

  it('broadcasts an extrinsic until it is in a block, and tells of a new runtime', async () => {
    const { follow } = await following()
    const code = `0x${readFileSync(WASM_PATH).toString('hex')}`
    const [motion, upgrade] = await signer.signAsRoot(2, (tx) => tx.system?.setCodeWithoutChecks?.(code))
    await chain.running.chain.submit(motion)
    const id = await client.result<string>('transaction_v1_broadcast', upgrade)
    const refused = await client.result<string>('transaction_v1_broadcast', '0x0400')
    while (chain.running.chain.pool.list().length < 2) await new Promise((resolve) => setImmediate(resolve))
    const block = await chain.block()
    expect(block.extrinsics).toContain(upgrade)
    const news = await event(follow, (one) => one.event === 'newBlock' && one.newRuntime !== null)
    expect(news).toMatchObject({ blockHash: block.hash, newRuntime: { type: 'valid', spec: SPEC } })
    for (const stopped of [id, refused]) {
      expect(await client.result('transaction_v1_stop', stopped)).toBe(null)
      expect((await client.ask('transaction_v1_stop', stopped)).error).toMatchObject({ code: -32602 })
    }
  })
})

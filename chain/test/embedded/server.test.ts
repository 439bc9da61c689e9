import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { accountFromSeed } from '../../src/client/account.ts'
import { MAX_BATCH, MAX_SUBSCRIPTIONS } from '../../src/embedded/rpc/connection.ts'
import { extrinsicSigner, type Message, type RawClient, rawClient, type ServedChain, servedChain } from '../served.ts'

const NOWHERE = `0x${'00'.repeat(32)}`

describe('the JSON-RPC server', () => {
  let chain: ServedChain
  const clients: RawClient[] = []
  const connect = async () => {
    const client = await rawClient(chain.url)
    clients.push(client)
    return client
  }

  beforeAll(async () => {
    chain = await servedChain()
  })
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())))
  afterAll(() => chain.stop())

  it.each([
    { what: 'malformed JSON', text: '{"jsonrpc":', id: null, code: -32700, message: 'Parse error' },
    { what: 'nothing of JSON-RPC', text: '17', id: null, code: -32600, message: 'Invalid request' },
    {
      what: 'a method that is no text',
      text: '{"id":"m","method":5}',
      id: 'm',
      code: -32600,
      message: 'Invalid request',
    },
    { what: 'an empty batch', text: '[]', id: null, code: -32600, message: 'Invalid request' },
    {
      what: 'an unknown method',
      text: '{"id":"a","method":"a_b"}',
      id: 'a',
      code: -32601,
      message: 'Method not found',
    },
    {
      what: 'a name of every object',
      text: '{"id":"o","method":"toString"}',
      id: 'o',
      code: -32601,
      message: 'Method not found',
    },
    {
      what: 'parameters by name',
      text: '{"id":"x","method":"chain_getBlockHash","params":{"number":0}}',
      id: 'x',
      code: -32602,
      message: 'Invalid params',
    },
  ])('refuses $what', async ({ text, id, code, message }) => {
    const client = await connect()
    expect(await client.say(text)).toMatchObject({ jsonrpc: '2.0', id, error: { code, message } })
    expect(await client.result('system_chainType')).toBe('Development')
  })

  it('answers a batch in its order, and nothing to what asks for no answer', async () => {
    const client = await connect()
    const batch = [
      { id: 1, method: 'chain_getBlockHash', params: [0] },
      { id: 2, method: 'nothing_known' },
      { method: 'system_chain' },
      null,
      { id: 3, method: 'state_getRuntimeVersion', params: [] },
    ]
    expect(await client.say(JSON.stringify(batch))).toMatchObject([
      { id: 1, result: chain.running.chain.store.byNumber(0)?.hash },
      { id: 2, error: { code: -32601 } },
      { id: null, error: { code: -32600 } },
      { id: 3, result: { specName: 'wattfleet', stateVersion: 1 } },
    ])
    client.socket.send('{"jsonrpc":"2.0","method":"system_chain"}')
    client.socket.send('[{"jsonrpc":"2.0","method":"system_chain"}]')
    await client.result('system_name')
    expect(client.messages).toHaveLength(2)
  })

  it('refuses a batch of too many', async () => {
    const client = await connect()
    const batch = (length: number) => JSON.stringify(Array.from({ length }, (_, id) => ({ id, method: 'system_name' })))
    expect(await client.say(batch(MAX_BATCH))).toHaveLength(MAX_BATCH)
    const error = { code: -32010, message: 'The batch request was too large', data: 'Exceeded max limit of 256' }
    expect(await client.say(batch(MAX_BATCH + 1))).toEqual({ jsonrpc: '2.0', id: null, error })
  })

  it('knows no state of an unknown block, and no such block', async () => {
    const client = await connect()
    const unknown = `Client error: UnknownBlock: Header was not found in the database: ${NOWHERE}`
    expect((await client.ask('state_getStorage', '0x00', NOWHERE)).error).toEqual({ code: 4003, message: unknown })
    expect((await client.ask('state_getMetadata', NOWHERE)).error).toMatchObject({ code: 4003 })
    expect(await client.ask('chain_getHeader', NOWHERE)).toMatchObject({ result: null })
    expect(await client.ask('chain_getBlock', NOWHERE)).toMatchObject({ result: null })
    expect(await client.result('chain_getBlockHash', 1_000_000)).toBe(null)
    expect(await client.result('chain_getBlockHash', [0, 1_000_000])).toEqual([expect.any(String), null])
    expect((await client.ask('chain_getHeader', 'x')).error).toMatchObject({ code: -32602 })
  })

  it("names what is wrong as Substrate's nodes do", async () => {
    const client = await connect()
    expect((await client.ask('state_getKeysPaged', '0x', 1_001)).error).toEqual({
      code: 4002,
      message: 'count exceeds maximum value. value: 1001, max: 1000',
    })
    expect((await client.ask('state_getKeysPaged', '0x', '7')).error).toMatchObject({ code: -32602 })
    expect((await client.ask('state_call', 'No_such', '0x')).error).toMatchObject({ code: 4003 })
    expect((await client.ask('author_submitExtrinsic', '0x0400')).error).toMatchObject({ code: 1002 })
    expect((await client.ask('author_submitExtrinsic', 'zz')).error).toMatchObject({ code: -32602 })
    expect((await client.ask('system_accountNextIndex', 'nobody')).error).toMatchObject({ code: -32602 })
  })

  it('pages keys from a prefix on, the prefix among them where it is one', async () => {
    const client = await connect()
    const all = await client.result<string[]>('state_getKeysPaged', '0x', 1_000)
    const code = '0x3a636f6465'
    expect(all).toContain(code)
    expect(all).toEqual([...all].sort())
    expect(await client.result('state_getKeysPaged', code, 5)).toEqual([code])
    expect(await client.result('state_getKeysPaged', code, 5, code)).toEqual([])
    expect(await client.result('state_getKeysPaged', '0x', 2, all[3])).toEqual(all.slice(4, 6))
    expect(await client.result('state_getKeysPaged', null, 0)).toEqual([])
  })

  it('writes a header with its number and digest in hex', async () => {
    const client = await connect()
    const { hash, number } = await chain.block()
    const header = { number: `0x${number.toString(16)}`, digest: { logs: [expect.stringMatching(/^0x0661757261/)] } }
    expect(await client.result('chain_getHeader', hash)).toMatchObject(header)
    const { subscription } = { subscription: await client.result('chain_subscribeNewHeads') }
    const told = await client.find(({ params }) => params?.subscription === subscription)
    expect(told).toMatchObject({ method: 'chain_newHead', params: { result: header } })
  })

  it('sends the id of a subscription before what it tells, in a slow batch too', async () => {
    const client = await connect()
    const slow = { id: 2, method: 'state_call', params: ['Metadata_metadata', '0x'] }
    const [head] = (await client.say(JSON.stringify([{ id: 1, method: 'chain_subscribeNewHeads' }, slow]))) as Message[]
    await client.find(({ params }) => params?.subscription === head?.result)
    expect(Array.isArray(client.messages[0])).toBe(true)
  })

  it('limits the subscriptions of a client, and gives a place back', async () => {
    const client = await connect()
    const ids: string[] = []
    for (let i = 0; i < MAX_SUBSCRIPTIONS; i += 1) ids.push(await client.result('chain_subscribeNewHeads'))
    const error = {
      code: -32006,
      message: 'Too many subscriptions on the connection',
      data: `Exceeded max limit of ${MAX_SUBSCRIPTIONS}`,
    }
    expect((await client.ask('chain_subscribeNewHeads')).error).toEqual(error)
    const other = await connect()
    expect(await other.result('chain_subscribeNewHeads')).toMatch(/^[0-9a-f]{16}$/)
    expect(await client.result('chain_unsubscribeNewHeads', ids[0])).toBe(true)
    expect(await client.result('chain_unsubscribeNewHeads', ids[0])).toBe(false)
    expect(await client.result('chain_subscribeNewHeads')).not.toBe(ids[0])
  })

  it('tells an ended subscription nothing', async () => {
    const client = await connect()
    const [ended, kept] = [
      await client.result('chain_subscribeNewHeads'),
      await client.result('chain_subscribeNewHeads'),
    ]
    await client.result('chain_unsubscribeNewHeads', ended)
    const { number } = await chain.block()
    const of =
      (id: unknown) =>
      ({ params }: Message) =>
        params?.subscription === id && JSON.stringify(params?.result).includes(`"0x${number.toString(16)}"`)
    await client.find(of(kept))
    expect(client.messages.some((message) => !Array.isArray(message) && of(ended)(message))).toBe(false)
  })

  it('ends a connection that sends too much, and serves the others', async () => {
    const [greedy, other] = [await connect(), await connect()]
    const closed = once(greedy.socket, 'close')
    greedy.socket.send('x'.repeat(16 * 1024 * 1024 + 1))
    const [code] = await closed
    expect(code).toBe(1009)
    expect(await other.result('system_chain')).toBe('Wattfleet Development')
  })

  it.each([
    { origin: 'https://example.org', open: false },
    { origin: 'http://localhost.example.org', open: false },
    { origin: 'null', open: false },
    { origin: 'http://localhost:5173', open: true },
    { origin: 'http://127.0.0.1', open: true },
    { origin: 'https://polkadot.js.org', open: true },
  ])('lets pages of $origin in: $open', async ({ origin, open }) => {
    const socket = new WebSocket(chain.url, { origin })
    const refused = once(socket, 'unexpected-response').then(([, response]) => (response as IncomingMessage).statusCode)
    const outcome = await Promise.race([once(socket, 'open').then(() => 'open'), refused])
    expect(outcome).toBe(open ? 'open' : 403)
    socket.on('error', () => {})
    socket.terminate()
  })

  it('counts what waits of an account, and not what merely names it', async () => {
    const [client, signer] = [await connect(), await extrinsicSigner(chain)]
    const other = accountFromSeed(randomBytes(32)).pair.address
    const payment = await signer.sign(0, (tx) => tx.balances?.transferKeepAlive?.(other, 1_000_000_000))
    await client.result('author_submitExtrinsic', payment)
    expect(await client.result('author_pendingExtrinsics')).toEqual([payment])
    expect(await client.result('system_accountNextIndex', chain.account.pair.address)).toBe(1)
    expect(await client.result('system_accountNextIndex', other)).toBe(0)
    await chain.block()
    expect(await client.result('system_accountNextIndex', chain.account.pair.address)).toBe(1)
    await signer.close()
  })

  it('lists the methods that it has', async () => {
    const client = await connect()
    const { methods } = await client.result<{ methods: string[] }>('rpc_methods')
    const expected = [
      'author_submitAndWatchExtrinsic',
      'chainHead_v1_follow',
      'chainSpec_v1_genesisHash',
      'rpc_methods',
    ]
    expect(methods).toEqual(expect.arrayContaining([...expected, 'state_call', 'transaction_v1_broadcast']))
    expect(methods).toEqual([...methods].sort())
  })
})

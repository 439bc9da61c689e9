import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { encodeAddress } from '@polkadot/util-crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWithPython } from '../../../test-support/python.ts'
import { RULES } from '../fixture.ts'
import { type ServedChain, servedChain } from '../served.ts'

const CLIENT = fileURLToPath(new URL('substrate_client.py', import.meta.url))
const PEER = {
  name: 'substrate-interface 1.8',
  check: 'from substrateinterface import SubstrateInterface, Keypair, KeypairType',
  install: 'pip install substrate-interface==1.8.1',
}

/** Runs the client to its end, making a block whenever it waits for one or has an extrinsic in the pool. */
async function runClient(python: string, chain: ServedChain): Promise<Map<string, unknown>> {
  const { url, account, config } = chain
  const given = {
    url,
    seed: `0x${Buffer.from(chain.seed).toString('hex')}`,
    community: config.genesis.community.rules.community,
    account: account.pair.address,
  }
  const client = spawn(python, [CLIENT, JSON.stringify(given)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(client, 'exit')
  const said = new Map<string, unknown>()
  let blocks: Promise<unknown> = Promise.resolve()
  const makeBlock = () => {
    blocks = blocks.then(() => chain.block())
  }
  const quiet = chain.running.chain.pool.onWaiting(makeBlock)
  for await (const line of createInterface(client.stdout)) {
    const { step, value } = JSON.parse(line) as { step: string; value: unknown }
    if (step === 'waits') makeBlock()
    else said.set(step, value)
  }
  quiet()
  await blocks
  expect(await exit).toEqual([0, null])
  return said
}

const snakeCase = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

describeWithPython(PEER, (python) => {
  let chain: ServedChain
  let said: Map<string, unknown>

  beforeAll(async () => {
    chain = await servedChain()
    said = await runClient(python, chain)
  })
  afterAll(() => chain?.stop())

  it('connects and decodes the metadata', () => {
    const properties = { ss58Format: 42, tokenDecimals: 9, tokenSymbol: 'WATT' }
    expect(said.get('chain')).toEqual(['wattfleet-embedded', 'Wattfleet Development', properties])
    const own = ['Money', 'Registry', 'Vault', 'Orderbook', 'Settlement']
    expect(said.get('pallets')).toEqual(expect.arrayContaining(['System', 'Timestamp', 'Balances', ...own]))
    expect(said.get('block length')).toMatchObject({ max: { normal: expect.any(Number) } })
  })

  it('reads the chain id, a map and an account', () => {
    expect(said.get('chain id')).toBe(`0x${chain.config.genesis.chainId}`)
    const { community: number, marketRule: _, ...figures } = RULES
    const inPython = Object.entries(figures).map(([name, value]) => [snakeCase(name), value])
    const rules = { ...Object.fromEntries(inPython), market_rule: 'PayAsBid' }
    const { balancing, gridOperator } = chain.config.genesis.community
    const address = (account: string) => encodeAddress(`0x${account}`, Number(said.get('prefix')))
    const entry = { rules, balancing: address(balancing), grid_operator: address(gridOperator) }
    const community = [{ from: 0, entry }]
    expect(said.get('community')).toEqual(community)
    expect(said.get('communities')).toEqual([[number, community]])
    expect(said.get('account')).toMatchObject({ nonce: 0, data: { free: 1_000_000_000_000_000 } })
    expect(said.get('nonce')).toBe(0)
  })

  it('is told of new heads, and reads a block and its events', () => {
    expect(said.get('heads')).toEqual([0, 1, 2, 3])
    expect(said.get('block')).toEqual([3, ['set']])
    expect(said.get('events')).toEqual(['System.ExtrinsicSuccess'])
    expect(said.has('no block')).toBe(true)
    expect(said.get('no block')).toBe(null)
  })

  it('composes, signs and submits an extrinsic and finds it included with its events', () => {
    expect(said.get('signer')).toBe(`0x${chain.account.id}`)
    const fee = said.get('fee')
    expect(fee).toBeGreaterThan(0)
    const events = ['System.Remarked', 'TransactionPayment.TransactionFeePaid', 'System.ExtrinsicSuccess']
    expect(said.get('receipt')).toEqual([true, fee, expect.arrayContaining(events)])
    expect(said.get('found')).toEqual([4, 1])
    expect(chain.running.chain.store.byNumber(4)?.extrinsics).toHaveLength(2)
    expect(said.get('nonce after')).toBe(1)
  })

  it('understands why an extrinsic is refused, and why a call failed', () => {
    expect(said.get('twice')).toEqual({ code: 1010, message: 'Invalid Transaction', data: 'Stale' })
    expect(said.get('dispatch error')).toEqual([false, 'BadOrigin'])
  })
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { encodeAddress } from '@polkadot/util-crypto'
import { toHex } from '@wattfleet/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pythonWith } from '../../../test-support/python.ts'
import { COMMUNITY, hex32 } from '../fixture.ts'
import { CHAINS, type Prepared } from './prepared.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const python = pythonWith('from substrateinterface import SubstrateInterface, Keypair, KeypairType')
const papi = existsSync(here('papi/node_modules/polkadot-api')) ? process.execPath : undefined

/** Clients that nobody here wrote: each does the same, and must find the same. */
const CLIENTS = [
  {
    name: 'substrate-interface',
    program: python,
    script: 'exchange_client.py',
    install: 'pip install substrate-interface==1.8.1, in the Python that WATTFLEET_PYTHON names',
  },
  {
    name: 'polkadot-api',
    program: papi,
    script: 'papi/client.mjs',
    install: 'npm ci --ignore-scripts --prefix chain/test/interop/papi',
  },
]
const isRequired = process.env.CI !== undefined || process.env.WATTFLEET_REQUIRE_INTEROP !== undefined

/** Where it is missing and nobody insists, its tests are left out with a message. */
function isWanted({ name, program, install }: (typeof CLIENTS)[number]): boolean {
  if (program === undefined && !isRequired) process.stderr.write(`skipped: no ${name}: ${install}\n`)
  return program !== undefined || isRequired
}

async function run(program: string, script: string, given: object): Promise<Map<string, unknown>> {
  const client = spawn(program, [here(script), JSON.stringify(given)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(client, 'exit')
  const said = new Map<string, unknown>()
  for await (const line of createInterface(client.stdout)) {
    const { step, value } = JSON.parse(line) as { step: string; value: unknown }
    said.set(step, value)
  }
  expect(await exit).toEqual([0, null])
  return said
}

const wanted = CLIENTS.filter(isWanted)

describe.skipIf(wanted.length === 0).each(CHAINS)('on %s', { timeout: 240_000 }, (_, start) => {
  let chain: Prepared
  beforeAll(async () => {
    chain = await start()
  }, 240_000)
  afterAll(() => chain?.stop())

  // a suite that is skipped still has to have a test
  it.each(wanted.length === 0 ? CLIENTS : wanted)('$name reads an order and issues a deposit', async (client) => {
    const { name, program, script, install } = client
    if (program === undefined) expect.fail(`no ${name}: ${install}`)
    const { url, seed, member, order } = chain
    const [amount, reference] = ['12345678901', `0x${hex32()}`]
    const given = {
      url,
      seed,
      community: COMMUNITY,
      member: encodeAddress(`0x${member}`),
      slot: order.slotStart,
      amount,
      reference,
    }
    const said = await run(program, script, given)
    expect(Object.fromEntries(said)).toEqual({
      'chain id': `0x${chain.chainId}`,
      order: [`0x${toHex(order.gateway)}`, 'Bid', order.energyWh, order.priceMicro, order.energyWh, 'Open'],
      deposit: [true, ['Vault.Issued']],
      credited: amount,
      again: [false, 'ReferenceUsed'],
    })
  })
})

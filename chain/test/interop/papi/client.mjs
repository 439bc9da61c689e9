/*
 * What polkadot-api makes of the exchange, knowing nothing of the project but the names it asks for.
 *
 * Usage: client.mjs '{"url": …, "seed": …, "community": …, "member": …, "slot": …, "amount": …, "reference": …}'
 * Prints one line of JSON for each answer: {"step": name, "value": …}.
 */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { createClient, Enum } from 'polkadot-api'
import { getPolkadotSigner } from 'polkadot-api/signer'
import { getWsProvider } from 'polkadot-api/ws'

/** PKCS#8 of an Ed25519 seed, without the seed. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

const text = (_, value) => (typeof value === 'bigint' ? value.toString() : value)
const say = (step, value) => process.stdout.write(`${JSON.stringify({ step, value }, text)}\n`)

function signerOf(seed) {
  const der = Buffer.concat([PKCS8, Buffer.from(seed, 'hex')])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
  return getPolkadotSigner(publicKey, 'Ed25519', (bytes) => sign(null, bytes, key))
}

const { url, seed, community, member, slot, amount, reference } = JSON.parse(process.argv[2])
const client = createClient(getWsProvider(url))
const api = client.getUnsafeApi()

say('chain id', await api.query.Registry.ChainId.getValue())
const market = [community, BigInt(slot), Enum('Spot')]
const [record] = await api.query.Orderbook.Pages.getValue(market, 0)
const { order, remaining_wh, state } = record
say('order', [order.gateway, order.side.type, order.energy_wh, order.price_micro, remaining_wh, state.type])

const free = async () => (await api.query.Money.Account.getValue(member)).free
const before = await free()
const issue = api.tx.Vault.issue({ community, account: member, amount: BigInt(amount), reference })
const done = await issue.signAndSubmit(signerOf(seed))
say('deposit', [
  done.ok,
  done.events.map(({ type, value }) => `${type}.${value.type}`).filter((name) => /^Vault/.test(name)),
])
say('credited', (await free()) - before)
const again = await issue.signAndSubmit(signerOf(seed))
say('again', [again.ok, again.dispatchError?.value?.value?.type])
client.destroy()

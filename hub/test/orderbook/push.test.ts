import { decodeOrder, orderIdHex, signingKeyFromSeed, toHex } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { decidePush, decodePush, type Posted } from '../../src/orderbook/push.ts'
import { posted, pushBody } from '../support/pushes.ts'
import { CHAIN_ID, house, signedOrder } from '../support/street.ts'

const node = signingKeyFromSeed(new Uint8Array(32).fill(1))
const stranger = signingKeyFromSeed(new Uint8Array(32).fill(2))
const trusted = { chain: CHAIN_ID, nodeKeys: new Set([toHex(node.publicKey)]) }
const orders = [
  signedOrder(house('ada'), { sequence: 1, side: 'offer' }),
  signedOrder(house('ben'), { sequence: 2, side: 'bid', partner: house('ada').key.publicKey, replaces: 1 }),
]
const body = pushBody(orders)
const good = posted(node, body)

describe('what a node pushes', () => {
  it('is read with its orders, each with its id and position', () => {
    const expected = orders.map(({ bytes }, position) => {
      const order = decodeOrder(bytes)
      return { id: order && orderIdHex(order), position, order }
    })
    expect(decodePush(body)).toEqual({ chain: CHAIN_ID, number: 77, parent: 'ab'.repeat(32), orders: expected })
  })

  it('is taken from a node that is known', () => {
    expect(decidePush(good, trusted)).toMatchObject({ ok: true, push: { number: 77 } })
  })

  it('may hold more orders than one byte counts', () => {
    const many = Array.from({ length: 70 }, (_, at) => signedOrder(house('ada'), { sequence: at, side: 'bid' }))
    expect(decodePush(pushBody(many))?.orders).toHaveLength(70)
  })

  const changed = Uint8Array.from(body, (byte, at) => (at === 60 ? byte ^ 1 : byte))
  const cut = body.subarray(0, -1)
  const bodies: [string, Posted, string][] = [
    ['of a key that is not known', posted(stranger, body), 'unknown-key'],
    ['without a key', { ...good, key: '' }, 'unknown-key'],
    ['with another node’s signature', { ...good, signature: toHex(stranger.sign(body)) }, 'signature'],
    ['without a signature', { ...good, signature: '' }, 'signature'],
    ['that was changed on its way', { ...good, body: changed }, 'signature'],
    ['that ends early', posted(node, cut), 'malformed'],
    ['with bytes behind it', posted(node, Uint8Array.from([...body, 0])), 'malformed'],
    ['with another tag', posted(node, pushBody(orders, { tag: 'wfp2' })), 'malformed'],
    ['that is empty', posted(node, new Uint8Array()), 'malformed'],
    ['of another chain', posted(node, pushBody(orders, { chain: new Uint8Array(32) })), 'wrong-chain'],
  ]
  it.each(bodies)('is refused %s', (_, post, reason) => {
    expect(decidePush(post, trusted)).toEqual({ ok: false, reason })
  })
})

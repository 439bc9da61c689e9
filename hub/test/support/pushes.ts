import {
  decodeOrder,
  encodeOrder,
  fromHex,
  orderIdHex,
  ScaleWriter,
  type SignedMessage,
  type SigningKey,
  toHex,
} from '@wattfleet/protocol'
import type { Posted } from '../../src/orderbook/push.ts'
import { CHAIN_ID } from './street.ts'

interface PushOptions {
  readonly tag: string
  readonly chain: Uint8Array
}

/** The body that a node makes of a block's orders, which are numbered from 0. */
export function pushBody(orders: readonly SignedMessage[], overrides: Partial<PushOptions> = {}): Uint8Array {
  const { tag, chain } = { tag: 'wfp1', chain: CHAIN_ID, ...overrides }
  const out = new ScaleWriter()
    .bytes(Buffer.from(tag), 4)
    .bytes(chain, 32)
    .u32(77)
    .bytes(new Uint8Array(32).fill(0xab), 32)
    .compact(orders.length)
  orders.forEach(({ bytes }, position) => {
    const order = decodeOrder(bytes)
    if (order === undefined) throw new Error('no order')
    const id = fromHex(orderIdHex(order), 32) ?? new Uint8Array()
    const encoded = encodeOrder(order)
    out.bytes(id, 32).u32(position).bytes(encoded, encoded.length)
  })
  return out.done()
}

export const posted = (node: SigningKey, body: Uint8Array): Posted => ({
  key: toHex(node.publicKey),
  signature: toHex(node.sign(body)),
  body,
})

import {
  decodeExactly,
  fromHex,
  type Order,
  readOrder,
  type ScaleReader,
  sameBytes,
  toHex,
  verifySignature,
} from '@wattfleet/protocol'

/*
 * wfp1, SCALE, little endian, as chain/pallets/orderbook/src/push.rs posts it:
 *   tag 4 | chain 32 | number u32 | parent 32 | compact length | (id 32 | position u32 | order as in wfo1)…
 */
const TAG = 'wfp1'

/** What a node says of a block that it has just taken in and that is not final: a hint, which nothing is built on. */
export interface Push {
  readonly chain: Uint8Array
  /** The block's, and its parent's hash, hex. */
  readonly number: number
  readonly parent: string
  readonly orders: readonly { readonly id: string; readonly position: number; readonly order: Order }[]
}

/** Hints since the process started: taken, and posts that were none. */
export interface PushCounts {
  readonly received: number
  readonly refused: number
}

/** The push in these bytes, or undefined where they are not exactly one. */
export const decodePush = (bytes: Uint8Array): Push | undefined => decodeExactly(bytes, readPush)

function readPush(from: ScaleReader): Push | undefined {
  if (Buffer.from(from.bytes(4)).toString('latin1') !== TAG) return undefined
  const [chain, number, parent] = [from.bytes(32), from.u32(), toHex(from.bytes(32))]
  const orders: Push['orders'][number][] = []
  for (let left = from.compact(); left > 0; left--) {
    const [id, position, order] = [toHex(from.bytes(32)), from.u32(), readOrder(from)]
    if (order === undefined) return undefined
    orders.push({ id, position, order })
  }
  return { chain, number, parent, orders }
}

/** As it came: the node's key and its signature over the body, in hex. */
export interface Posted {
  readonly key: string
  readonly signature: string
  readonly body: Uint8Array
}

/** Whom a push is taken from, and of which chain. */
export interface Trusted {
  readonly chain: Uint8Array
  readonly nodeKeys: ReadonlySet<string>
}

export type PushDecision =
  | { readonly ok: true; readonly push: Push }
  | { readonly ok: false; readonly reason: 'unknown-key' | 'signature' | 'malformed' | 'wrong-chain' }

/** Whether a node that is known said this. */
export function decidePush({ key, signature, body }: Posted, { chain, nodeKeys }: Trusted): PushDecision {
  const [publicKey, signed] = [fromHex(key, 32), fromHex(signature, 64)]
  if (publicKey === undefined || !nodeKeys.has(key)) return { ok: false, reason: 'unknown-key' }
  if (signed === undefined || !verifySignature(publicKey, body, signed)) return { ok: false, reason: 'signature' }
  const push = decodePush(body)
  if (push === undefined) return { ok: false, reason: 'malformed' }
  return sameBytes(push.chain, chain) ? { ok: true, push } : { ok: false, reason: 'wrong-chain' }
}

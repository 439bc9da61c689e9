import type { EmbeddedChain } from '../chain.ts'
import type { StoredBlock } from '../store.ts'
import { findBlock, headerJson, listParam, type Method, type Methods } from './context.ts'

function hashAt(chain: EmbeddedChain, number: unknown): string | null {
  if (number === undefined || number === null) return chain.head().hash
  return chain.store.byNumber(Number(number))?.hash ?? null
}

/** Every block is final at once, so all three kinds of head are one. */
function headSubscription(name: string): Method {
  return ({ chain, client }) =>
    client.subscribe(name, (send) => {
      const tell = (block: StoredBlock) => send(headerJson(block))
      tell(chain.head())
      return chain.onBlock(({ block }) => tell(block))
    })
}

const unsubscribe: Method = ({ client }, [id]) => client.unsubscribe(String(id))

export const chainMethods: Methods = {
  chain_getHeader: ({ chain }, [hash]) => {
    const block = findBlock(chain, hash)
    return block === undefined ? null : headerJson(block)
  },
  chain_getBlock: ({ chain }, [hash]) => {
    const block = findBlock(chain, hash)
    if (block === undefined) return null
    return { block: { header: headerJson(block), extrinsics: block.extrinsics }, justifications: null }
  },
  chain_getBlockHash: ({ chain }, [number]) =>
    Array.isArray(number) ? listParam(number, 'numbers').map((one) => hashAt(chain, one)) : hashAt(chain, number),
  chain_getFinalizedHead: ({ chain }) => chain.head().hash,
  chain_subscribeNewHeads: headSubscription('chain_newHead'),
  chain_subscribeNewHead: headSubscription('chain_newHead'),
  chain_subscribeAllHeads: headSubscription('chain_allHead'),
  chain_subscribeFinalizedHeads: headSubscription('chain_finalizedHead'),
  chain_unsubscribeNewHeads: unsubscribe,
  chain_unsubscribeNewHead: unsubscribe,
  chain_unsubscribeAllHeads: unsubscribe,
  chain_unsubscribeFinalizedHeads: unsubscribe,
}

import { hexParam, type Methods, textParam } from './context.ts'
import { INVALID_PARAMS, RpcFault } from './fault.ts'

/** Extrinsics that one client may have broadcast at once, as in Substrate's nodes; the specification asks for 4. */
export const MAX_BROADCASTS = 16

/**
 * The `transaction_v1` functions of the JSON-RPC interface specification, for one connection: an extrinsic is offered
 * to the pool now and at every block until it is in one. Nothing is said of those that the runtime refuses.
 */
export function transactionMethods(): Methods {
  const broadcasts = new Set<string>()
  return {
    transaction_v1_broadcast: ({ chain, client }, [transaction]) => {
      const extrinsic = hexParam(transaction, 'transaction')
      if (broadcasts.size >= MAX_BROADCASTS) return null
      const offer = () => void chain.submit(extrinsic).catch(() => {})
      // a subscription without messages: it ends when it is stopped, or with the connection
      const id = client.subscribe('transaction_v1_broadcast', () => {
        offer()
        const quiet = chain.onBlock(({ block }) => {
          if (block.extrinsics.includes(extrinsic)) quiet()
          else offer()
        })
        return quiet
      })
      broadcasts.add(id)
      return id
    },
    transaction_v1_stop: ({ client }, [operationId]) => {
      const id = textParam(operationId, 'operationId')
      if (!broadcasts.delete(id)) throw new RpcFault(INVALID_PARAMS, 'Invalid operation id')
      client.unsubscribe(id)
      return null
    },
  }
}

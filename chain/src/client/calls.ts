import { toHex } from '@wattfleet/protocol'
import type { ExchangeCall, OperatorCall } from '../exchange.ts'
import type { RuntimeCall } from './types/runtime.ts'

/** The runtime's call behind one of the project's. */
export function runtimeCall(call: ExchangeCall | OperatorCall): RuntimeCall {
  switch (call.call) {
    case 'submit-orders': {
      const items = call.items.map(({ bytes, signature }) => ({ bytes: toHex(bytes), signature: toHex(signature) }))
      return { name: 'orderbook.submit', with: { community: call.community, items } }
    }
    case 'submit-matches':
      return { name: 'settlement.submitMatches', with: call }
    case 'settle':
      return { name: 'settlement.settle', with: call }
    case 'set-site':
      return { name: 'registry.setSite', with: call }
    case 'enrol-gateway':
      return { name: 'registry.enrolGateway', with: call }
    case 'issue':
      return { name: 'vault.issue', with: { ...call, amount: call.amountNano } }
  }
}

import { type SignedMessage, toHex } from '@wattfleet/protocol'
import type { ChainCall } from '../exchange.ts'
import type { RuntimeCall } from './types/runtime.ts'

const signedItem = ({ bytes, signature }: SignedMessage) => ({ bytes: toHex(bytes), signature: toHex(signature) })

/** The runtime's call behind one of the project's. */
export function runtimeCall(call: ChainCall): RuntimeCall {
  switch (call.call) {
    case 'submit-orders':
      return { name: 'orderbook.submit', with: { community: call.community, items: call.items.map(signedItem) } }
    case 'submit-matches':
      return { name: 'settlement.submitMatches', with: call }
    case 'settle':
      return { name: 'settlement.settle', with: call }
    case 'settle-coefficients':
      return { name: 'settlement.settleCoefficients', with: call }
    case 'post-bond':
      return { name: 'settlement.postBond', with: { ...call, amount: call.amountNano } }
    case 'release-bond':
      return { name: 'settlement.releaseBond', with: call }
    case 'reveal': {
      const proof = call.proof?.map(({ side, hash }) => ({ onLeft: side === 'left', hash: toHex(hash) }))
      return { name: 'settlement.reveal', with: { ...call, message: signedItem(call.message), proof } }
    }
    case 'enforce':
      return { name: 'settlement.enforce', with: call }
    case 'correct':
      return { name: 'settlement.correct', with: call }
    case 'set-site':
      return { name: 'registry.setSite', with: call }
    case 'enrol-gateway':
      return { name: 'registry.enrolGateway', with: call }
    case 'revoke-gateway':
      return { name: 'registry.revokeGateway', with: call }
    case 'set-share':
      return { name: 'registry.setShare', with: call }
    case 'issue':
      return { name: 'vault.issue', with: { ...call, amount: call.amountNano } }
    case 'withdraw':
      return { name: 'vault.withdraw', with: { ...call, amount: call.amountNano } }
    case 'redeem':
      return { name: 'vault.redeem', with: call }
    case 'decline':
      return { name: 'vault.decline', with: call }
    case 'settle-debt':
      return { name: 'vault.settleDebt', with: call }
  }
}

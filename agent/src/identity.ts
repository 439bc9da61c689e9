import { type EnrolmentGrant, fromHex, type Message, type SigningKey, signMessage } from '@wattfleet/protocol'
import type { Draft, Seal } from './ports.ts'

/** Who this gateway is on wire and chain. */
export interface Identity {
  readonly grant: EnrolmentGrant
  readonly key: SigningKey
}

/** Signs drafts as this gateway. `salt` gives 16 fresh random bytes. */
export function sealer({ grant, key }: Identity, salt: () => Uint8Array): Seal {
  const chain = fromHex(grant.chain, 32) as Uint8Array
  const { community } = grant.rules
  return (draft, sequence, previous) => {
    const head = { chain, gateway: key.publicKey, epoch: grant.epoch, sequence }
    return signMessage(messageOf(draft, head, community, previous, salt), key)
  }
}

type Head = { chain: Uint8Array; gateway: Uint8Array; epoch: number; sequence: number }

function messageOf(draft: Draft, head: Head, community: number, previous: Uint8Array, salt: () => Uint8Array): Message {
  switch (draft.type) {
    case 'order': {
      const { side, slotStart, energyWh, priceMicro, energyTypes } = draft
      const terms = { side, slotStart, energyWh, priceMicro, energyTypes }
      // expires with the gate: what could not trade by then cannot be delivered either
      return { type: 'order', value: { ...head, community, kind: 'spot', ...terms, expiresAt: 0 } }
    }
    case 'cancel':
      return { type: 'cancel', value: { ...head, target: draft.target } }
    case 'energy':
      return {
        type: 'energy',
        value: { ...head, community, ...draft.slot, grade: 'operational', salt: salt(), previous },
      }
  }
}

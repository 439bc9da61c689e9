import type { ApiPromise } from '@polkadot/api'
import type { SubmittableExtrinsic } from '@polkadot/api/types'
import { Fault, toHex } from '@wattfleet/protocol'
import type { ExchangeCall, OperatorCall } from '../exchange.ts'

const hex = (text: string) => `0x${text}`

function argumentsOf(call: ExchangeCall | OperatorCall): [pallet: string, method: string, ...args: unknown[]] {
  switch (call.call) {
    case 'submit-orders': {
      const items = call.items.map(({ bytes, signature }) => ({
        bytes: hex(toHex(bytes)),
        signature: hex(toHex(signature)),
      }))
      return ['orderbook', 'submit', call.community, items]
    }
    case 'submit-matches': {
      const kind = call.kind === 'spot' ? 'Spot' : 'Post'
      const matches = call.matches.map(({ bid, offer, energyWh }) => ({ bid: hex(bid), offer: hex(offer), energyWh }))
      return ['settlement', 'submitMatches', call.community, call.slotStart, kind, call.computedFrom, matches]
    }
    case 'settle': {
      const deviations = call.deviations.map((deviation) => ({ ...deviation, site: hex(deviation.site) }))
      return ['settlement', 'settle', call.community, call.slotStart, hex(call.root), call.allocations, deviations]
    }
    case 'set-site': {
      const { site, community, member, zone, capImportWh, capExportWh } = call
      return ['registry', 'setSite', hex(site), community, hex(member), zone, capImportWh, capExportWh]
    }
    case 'enrol-gateway':
      return ['registry', 'enrolGateway', hex(call.site), hex(call.gateway)]
    case 'issue':
      return ['vault', 'issue', call.community, hex(call.account), call.amountNano, hex(call.reference)]
  }
}

/** The extrinsic of a call, unsigned. Throws Fault `chain` where the runtime does not have it. */
export function extrinsicOf(api: ApiPromise, call: ExchangeCall | OperatorCall): SubmittableExtrinsic<'promise'> {
  const [pallet, method, ...args] = argumentsOf(call)
  const build = api.tx[pallet]?.[method]
  if (build === undefined) throw new Fault('chain', `the runtime has no call ${pallet}.${method}`)
  return build(...args)
}

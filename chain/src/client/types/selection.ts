import type { Selection } from './describe.ts'

/** What the generated types are of. A new pallet of the exchange is named here, and nowhere else. */
export const SELECTION: Selection = {
  pallets: ['registry', 'validators', 'vault', 'orderbook', 'settlement'],
  storage: ['system.account', 'timestamp.now', 'money.account', 'money.totalIssuance'],
}

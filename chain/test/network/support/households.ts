import { randomBytes } from 'node:crypto'
import { type SigningKey, signingKeyFromSeed, toHex } from '@wattfleet/protocol'
import { runtimeCall } from '../../../src/client/calls.ts'
import { extrinsicOf } from '../../../src/client/types/runtime.ts'
import type { OperatorCall } from '../../../src/exchange.ts'
import { hex32 } from '../../fixture.ts'
import type { NetworkCommunity } from './community.ts'
import { signedInRow } from './extrinsics.ts'
import type { Validators } from './validators.ts'

/** A site with its gateway's key. */
export interface Household {
  readonly site: string
  readonly member: string
  readonly key: SigningKey
  readonly gateway: string
  readonly fundsNano: bigint
}

const CAP_WH = 5_000

export function household(fundsNano: bigint): Household {
  const key = signingKeyFromSeed(randomBytes(32))
  return { site: toHex(randomBytes(16)), member: hex32(), key, gateway: toHex(key.publicKey), fundsNano }
}

/** What the operator asks for a household: its site, its gateway's key in force, its money. */
function callsFor(community: number, { site, member, gateway, fundsNano }: Household): OperatorCall[] {
  const caps = { zone: 1, capImportWh: CAP_WH, capExportWh: CAP_WH }
  const calls: OperatorCall[] = [
    { call: 'set-site', site, community, member, ...caps },
    { call: 'enrol-gateway', site, gateway },
  ]
  if (fundsNano > 0n) {
    calls.push({ call: 'issue', community, account: member, amountNano: fundsNano, reference: hex32() })
  }
  return calls
}

/** Hands the operator's calls to a node, all at once. They are in effect when a block with the last of them is final. */
export async function moveIn(
  network: Validators,
  node: number,
  { rules, accounts }: NetworkCommunity,
  households: readonly Household[],
): Promise<void> {
  const calls = households.flatMap((one) => callsFor(rules.community, one))
  const port = network.rpcPort(node)
  const signed = await signedInRow(port, accounts.operator.pair, (api) =>
    calls.map((call) => extrinsicOf(api, runtimeCall(call))),
  )
  for (const extrinsic of signed) await network.rpc(node, 'author_submitExtrinsic', extrinsic)
}

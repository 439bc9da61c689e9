import { randomBytes } from 'node:crypto'
import { type SigningKey, signingKeyFromSeed, toHex } from '@wattfleet/protocol'
import { extrinsicOf, readStorage } from '../src/client/types/runtime.ts'
import { type BenchNetwork, COMMUNITY } from './network.ts'
import { type Signer, sendAndCount } from './pipeline.ts'

/** More than all the orders of a run lock. */
const FUNDS_NANO = 1_000_000_000_000n
const CAP_WH = 1_000_000

/** A gateway of a site of its own member. */
export interface Household {
  readonly site: string
  readonly key: SigningKey
}

/** Registers and funds so many sites, each with its own member and gateway; resolves when all of it is final. */
export async function enrol(network: BenchNetwork, signer: Signer, count: number): Promise<Household[]> {
  const { api } = network.session
  const households = Array.from({ length: count }, () => {
    return { site: randomBytes(16).toString('hex'), key: signingKeyFromSeed(randomBytes(32)) }
  })
  const extrinsics = households.flatMap(({ site, key }) => {
    const member = randomBytes(32).toString('hex')
    const caps = { capImportWh: CAP_WH, capExportWh: CAP_WH }
    const money = { account: member, amount: FUNDS_NANO, reference: randomBytes(32).toString('hex') }
    return [
      extrinsicOf(api, { name: 'registry.setSite', with: { site, community: COMMUNITY, member, zone: 1, ...caps } }),
      extrinsicOf(api, { name: 'registry.enrolGateway', with: { site, gateway: toHex(key.publicKey) } }),
      extrinsicOf(api, { name: 'vault.issue', with: { community: COMMUNITY, ...money } }),
    ].map((extrinsic) => signer.next(extrinsic))
  })
  // the money comes last
  await sendAndCount(network, extrinsics, count, async (at) => {
    return Number((await readStorage(at, 'vault.outstanding', [COMMUNITY])) / FUNDS_NANO)
  })
  return households
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMUNITY, hex32 } from '../fixture.ts'
import { type ExtrinsicSigner, extrinsicSigner, type ServedChain, servedChain } from '../served.ts'

let chain: ServedChain
let signer: ExtrinsicSigner
let nonce = 0

beforeAll(async () => {
  chain = await servedChain()
  signer = await extrinsicSigner(chain)
})
afterAll(async () => {
  await signer.close()
  await chain.stop()
})

const grant = (who: string) => (tx: typeof signer.api.tx) =>
  tx.registry?.grantRole?.(COMMUNITY, 'GridOperator', `0x${who}`)

/** Puts an extrinsic into a block and yields that block's events by name. */
async function included(extrinsic: string) {
  await chain.running.chain.submit(extrinsic)
  const { hash } = await chain.block()
  const at = await signer.api.at(hash)
  const records = (await at.query.system?.events?.()) as unknown as { event: { section: string; method: string } }[]
  return records.map(({ event }) => `${event.section}.${event.method}`)
}

const holdsRole = async (who: string) => {
  const { hash } = chain.running.chain.head()
  const role = await (await signer.api.at(hash)).query.registry?.roles?.(COMMUNITY, ['GridOperator', `0x${who}`])
  return role !== undefined && !role.isEmpty
}

describe('the council', () => {
  it('gives a role by a motion: that of its only member is carried out at once', async () => {
    const who = hex32()
    const motion = await signer.sign(nonce++, (tx) => {
      const call = grant(who)(tx)
      return call && tx.council?.propose?.(1, call, call.method.encodedLength)
    })
    const events = await included(motion)
    expect(events).toEqual(expect.arrayContaining(['registry.RoleGranted', 'council.Executed']))
    expect(await holdsRole(who)).toBe(true)
  })

  it('decides together: no member gives a role by itself', async () => {
    const who = hex32()
    const events = await included(await signer.sign(nonce++, grant(who)))
    expect(events).toContain('system.ExtrinsicFailed')
    expect(events).not.toContain('registry.RoleGranted')
    expect(await holdsRole(who)).toBe(false)
  })
})

import { Fault } from '@wattfleet/protocol'
import type { Account } from './account.ts'
import type { ChainConnection } from './connection.ts'
import { type Session, UPGRADED } from './session.ts'
import type { Pending } from './submission-store.ts'
import type { Head } from './truth.ts'
import { extrinsicOf, type RuntimeCall, readStorage } from './types/runtime.ts'

/** Blocks that an extrinsic stays valid. Never immortal: an account that is reaped starts its nonces again. A power of two. */
const ERA_BLOCKS = 64
/**
 * An era begins at a finalized block: one that is retracted later would take the signature with it. Where finality stands
 * still it begins so far behind the best block: extrinsics enter all the same, to be final when finality goes on.
 */
const MOST_BEHIND_BEST = ERA_BLOCKS / 2

async function birthOf({ request }: Session, finalized: Head): Promise<Head> {
  const best = await request<{ readonly number: string }>('chain_getHeader', [])
  const number = Number.parseInt(best.number, 16) - MOST_BEHIND_BEST
  if (number <= finalized.number) return finalized
  const hash = await request<string>('chain_getBlockHash', [number])
  return { number, hash }
}

/**
 * Signs a call with the finalized state's nonce, or with one that an extrinsic of it was signed with before. Throws a
 * retryable Fault `chain` where the node does not answer, or knows less than what ended at block `endedBy`.
 */
export async function signCall(
  connection: ChainConnection,
  account: Account,
  call: RuntimeCall,
  endedBy: number,
  before?: Pending,
): Promise<Pending> {
  const head = await connection.head()
  if (head.number < endedBy) {
    throw new Fault('chain', `the node is at block ${head.number}, before ${endedBy}`, { retryable: true })
  }
  return connection.ask('what is needed to sign', async (session) => {
    const { api, request } = session
    const [{ nonce }, birth, version] = await Promise.all([
      readStorage(await api.at(head.hash), 'system.account', [account.id]),
      birthOf(session, head),
      request<{ readonly specVersion: number }>('state_getRuntimeVersion', []),
    ])
    const { runtimeVersion } = api
    if (version.specVersion !== runtimeVersion.specVersion.toNumber()) {
      session.end(UPGRADED)
      throw new Fault('chain', UPGRADED, { retryable: true })
    }
    const era = api.createType('ExtrinsicEra', { current: birth.number, period: ERA_BLOCKS })
    const signed = extrinsicOf(api, call).sign(account.pair, {
      blockHash: birth.hash,
      era,
      genesisHash: api.genesisHash,
      nonce: before?.nonce ?? nonce,
      runtimeVersion,
      tip: 0,
    })
    return {
      bytes: signed.toHex(),
      nonce: before?.nonce ?? nonce,
      specVersion: version.specVersion,
      after: before?.after ?? head.number,
      // the bytes before may enter as long as they could
      until: Math.max(before?.until ?? 0, era.asMortalEra.death(birth.number) - 1),
      earlier: before === undefined ? [] : [...before.earlier, before.bytes],
    }
  })
}

import type { DispatchError, EventRecord } from '@polkadot/types/interfaces'
import { Fault, invariant, pause } from '@wattfleet/protocol'
import type { ChainCall, Submission, Submitter } from '../exchange.ts'
import type { Account } from './account.ts'
import { runtimeCall } from './calls.ts'
import { type ChainConnection, inTime } from './connection.ts'
import { batchLimits } from './limits.ts'
import type { Pending, SubmissionStore } from './submission-store.ts'
import { extrinsicOf, readStorage } from './types/runtime.ts'

/** Blocks that an extrinsic stays valid. Never immortal: an account that is reaped starts its nonces again. A power of two. */
const ERA_BLOCKS = 64
/** A node that restarted has forgotten what it was sent: say it again after so many blocks without it. */
const RESEND_BLOCKS = 8
/** The nonce is taken: on a network that makes blocks faster than it finalizes them, perhaps by this very extrinsic. */
const MAY_BE_INCLUDED = /\b(Stale|outdated)\b/
/** Between two attempts when the chain does not answer. */
const RETRY_MS = 1_000

export interface DurableSubmitter extends Submitter {
  /** Follows what an earlier process had signed to its end: before that, a question to the chain may miss its effect. */
  finishLeft(signal: AbortSignal): Promise<void>
}

/**
 * One account that submits one extrinsic at a time. Nonce, bytes and era are on disk before they are sent, and the nonce
 * comes from the finalized state: whatever dies in between, the same extrinsic is never entered twice and none is
 * forgotten.
 */
export function createSubmitter(
  connection: ChainConnection,
  account: Account,
  store: SubmissionStore,
  limits = batchLimits(connection),
): DurableSubmitter {
  let last: Promise<unknown> = Promise.resolve()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }

  const finishLeft = async (signal: AbortSignal): Promise<void> => {
    const left = store.load()
    if (left !== undefined) await finish(connection, store, left, signal)
  }

  const submit = async (call: ChainCall, signal: AbortSignal): Promise<Submission> => {
    await finishLeft(signal)
    const pending = await retrying(() => sign(connection, account, call), signal)
    store.save(pending)
    return finish(connection, store, pending, signal)
  }

  return {
    account: account.id,
    limits: (signal) => retrying(limits, signal),
    finishLeft: (signal) => inTurn(() => finishLeft(signal)),
    submit: (call, signal) => inTurn(() => submit(call, signal)),
  }
}

/** Tries as long as the chain is away. Throws what is not retryable, and when aborted. */
async function retrying<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    if (signal.aborted) throw new Fault('chain', 'stopped while the chain did not answer')
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof Fault && error.retryable)) throw error
      await pause(RETRY_MS, signal)
    }
  }
}

async function sign(connection: ChainConnection, account: Account, call: ChainCall): Promise<Pending> {
  const { api } = connection
  const head = await connection.head()
  const at = await inTime(api.at(head.hash), 'finalized state')
  const { nonce } = await inTime(readStorage(at, 'system.account', [account.id]), 'nonce')
  const era = api.createType('ExtrinsicEra', { current: head.number, period: ERA_BLOCKS })
  const signed = extrinsicOf(api, runtimeCall(call)).sign(account.pair, {
    blockHash: head.hash,
    era,
    genesisHash: api.genesisHash,
    nonce,
    runtimeVersion: api.runtimeVersion,
    tip: 0,
  })
  const until = era.asMortalEra.death(head.number) - 1
  return { bytes: signed.toHex(), hash: signed.hash.toHex(), nonce, after: head.number, until }
}

/** Follows a signed extrinsic to its end, from wherever it is. */
async function finish(
  connection: ChainConnection,
  store: SubmissionStore,
  pending: Pending,
  signal: AbortSignal,
): Promise<Submission> {
  let sentAt = Number.NEGATIVE_INFINITY
  let refusal = ''
  for (let number = pending.after + 1; number <= pending.until; number += 1) {
    const last = (await retrying(() => connection.head(), signal)).number
    if (last < number && last - sentAt >= RESEND_BLOCKS) {
      const said = await send(connection, pending)
      if (said !== undefined) sentAt = last
      refusal = said ?? refusal
      if (refusal !== '' && !MAY_BE_INCLUDED.test(refusal) && (await isDead(connection, pending, signal))) break
    }
    await connection.headFrom(number, signal)
    const ended = await retrying(() => findIn(connection, pending, number), signal)
    if (ended !== undefined) {
      store.clear()
      return ended
    }
  }
  store.clear()
  return { ok: false, effect: 'died', error: refusal || `not included up to block ${pending.until}` }
}

/** Hands the extrinsic to the node. Yields why the node refused it, an empty text, or undefined where it cannot be told. */
async function send({ api }: ChainConnection, pending: Pending): Promise<string | undefined> {
  try {
    await inTime(api.rpc.author.submitExtrinsic(pending.bytes), 'submit')
    return ''
  } catch (error) {
    invariant(error instanceof Fault, 'inTime throws faults')
    // the pool's errors: 1010 invalid; 1012 banned, 1013 known, 1014 nonce taken, 1016 full: the node has seen it
    const pooled = /\b(10\d\d): (.*)/.exec(error.message)
    if (pooled === null) return undefined
    return pooled[1] === '1010' ? pooled[2] : ''
  }
}

/** A node that refuses an extrinsic may have it included already: it is dead only where the finalized nonce has not passed it. */
async function isDead(connection: ChainConnection, pending: Pending, signal: AbortSignal): Promise<boolean> {
  const { api } = connection
  return retrying(async () => {
    const head = await connection.head()
    for (let number = pending.after + 1; number <= head.number; number += 1) {
      if ((await findIn(connection, pending, number)) !== undefined) return false
    }
    const pool = await inTime(api.rpc.author.pendingExtrinsics(), 'pending extrinsics')
    return !pool.some((extrinsic) => extrinsic.hash.toHex() === pending.hash)
  }, signal)
}

async function findIn({ api }: ChainConnection, pending: Pending, number: number): Promise<Submission | undefined> {
  const hash = await inTime(api.rpc.chain.getBlockHash(number), `hash of block ${number}`)
  const { block } = await inTime(api.rpc.chain.getBlock(hash), `block ${number}`)
  const index = block.extrinsics.findIndex((extrinsic) => extrinsic.hash.toHex() === pending.hash)
  if (index < 0) return undefined
  const at = await inTime(api.at(hash), `state of block ${number}`)
  const records = (await inTime(
    Promise.resolve(at.query.system?.events?.()),
    `events of block ${number}`,
  )) as unknown as EventRecord[]
  const failed = records.find(
    ({ phase, event }) =>
      phase.isApplyExtrinsic && phase.asApplyExtrinsic.eqn(index) && event.method === 'ExtrinsicFailed',
  )
  if (failed === undefined) return { ok: true, block: number }
  const error = failed.event.data[0] as unknown as DispatchError
  const named = error.isModule ? api.registry.findMetaError(error.asModule) : undefined
  return {
    ok: false,
    effect: 'included-without-effect',
    block: number,
    error: named === undefined ? error.toString() : `${named.section}.${named.name}`,
  }
}

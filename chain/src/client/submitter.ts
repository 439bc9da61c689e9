import type { DispatchError, EventRecord } from '@polkadot/types/interfaces'
import { Fault } from '@wattfleet/protocol'
import type { ChainCall, Submission, Submitter } from '../exchange.ts'
import type { Account } from './account.ts'
import { runtimeCall } from './calls.ts'
import type { ChainConnection } from './connection.ts'
import { batchLimits } from './limits.ts'
import { hashAt, patiently } from './patiently.ts'
import { NodeError } from './provider.ts'
import type { Session } from './session.ts'
import { signCall } from './signing.ts'
import type { Pending, SubmissionStore, Submissions } from './submission-store.ts'

/** Extrinsics vanish: nodes restart, pools fill, blocks are retracted. Said again so often, and to every new node. */
const RESEND_MS = 30_000
/** How long to wait for news of a block before looking for oneself. */
const LOOK_MS = 2_000
/** So many attempts that a node may fail before another is asked. */
const ATTEMPTS = 5

export interface DurableSubmitter extends Submitter {
  /** Follows what an earlier process had signed to its end: before that, a question to the chain may miss its effect. */
  finishLeft(signal: AbortSignal): Promise<void>
}

/** What `finish` may do besides waiting. */
interface Sending {
  readonly connection: ChainConnection
  readonly store: SubmissionStore
  /** Signs the same call again, under the same nonce; absent where only its bytes are left. */
  readonly again?: (pending: Pending) => Promise<Pending>
}

/**
 * One account that submits one extrinsic at a time. Nonce, bytes and era are on disk before they are sent, and the nonce
 * comes from the finalized state: whatever dies in between, the same extrinsic is never entered twice and none is
 * forgotten. Only finalized blocks say how one ended: that it is in one, or that its era is over and it is in none.
 */
export function createSubmitter(
  connection: ChainConnection,
  account: Account,
  kept: SubmissionStore,
  limits = batchLimits(connection),
): DurableSubmitter {
  let last: Promise<unknown> = Promise.resolve()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }

  let chain: string | undefined
  /** What an account has under way is of one chain: on another its blocks and nonces mean nothing. */
  const store: SubmissionStore = {
    load: () => kept.load(),
    save: (submissions) => kept.save({ ...submissions, ...(chain !== undefined && { chain }) }),
  }
  const load = async (signal: AbortSignal): Promise<Submissions> => {
    const chainId = () => connection.ask('chain id', async ({ identity }) => identity.chainId)
    chain ??= await retrying(connection, chainId, signal)
    const left = store.load()
    if (left.chain === undefined || left.chain === chain) return left
    const whose = `account ${account.id} has extrinsics of chain ${left.chain} on record`
    throw new Fault('chain', `${whose}, and this is chain ${chain}: is its state folder of another chain?`)
  }

  const finishLeft = async (signal: AbortSignal): Promise<void> => {
    const { pending } = await load(signal)
    // an earlier process may have sent it
    if (pending !== undefined) await finish({ connection, store }, pending, true, signal)
  }

  const submit = async (call: ChainCall, signal: AbortSignal): Promise<Submission> => {
    await finishLeft(signal)
    const { endedBy } = store.load()
    const sign = (before?: Pending) =>
      retrying(connection, () => signCall(connection, account, runtimeCall(call), endedBy, before), signal)
    const pending = await sign()
    store.save({ pending, endedBy })
    return finish({ connection, store, again: sign }, pending, false, signal)
  }

  return {
    account: account.id,
    limits: (signal) => retrying(connection, limits, signal),
    finishLeft: (signal) => inTurn(() => finishLeft(signal)),
    submit: (call, signal) => inTurn(() => submit(call, signal)),
  }
}

/** `patiently`, for one that cannot do without: rejects with a Fault `chain` when aborted. */
async function retrying<T>(connection: ChainConnection, attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const answered = await patiently(connection, ATTEMPTS, attempt, signal)
  if (answered === undefined) throw new Fault('chain', 'stopped while the chain did not answer')
  return answered.value
}

/**
 * Follows a signed extrinsic to its end, from wherever it is. `isSpread`: some node may have it. One that no node has
 * taken ends with the refusal; any other may be in a block that is not final yet, whatever a node says of it.
 */
async function finish(sending: Sending, signed: Pending, isSpread: boolean, signal: AbortSignal): Promise<Submission> {
  const { connection, store, again } = sending
  let [pending, spread] = [signed, isSpread]
  let sentAtMs = Number.NEGATIVE_INFINITY
  let sentTo: Session | undefined
  let refusal = ''
  const end = (submission: Submission, block: number): Submission => {
    store.save({ endedBy: Math.max(block, store.load().endedBy) })
    return submission
  }
  for (let next = pending.after + 1; ; ) {
    // before anything is asked, so that nothing passes unseen meanwhile
    const moving = connection.moved(signal, LOOK_MS)
    const head = await retrying(connection, () => connection.head(), signal)
    for (; next <= Math.min(head.number, pending.until); next += 1) {
      const ended = await retrying(connection, () => findIn(connection, pending, next), signal)
      if (ended !== undefined) return end(ended, next)
    }
    if (next > pending.until) {
      const error = refusal || `not included up to block ${pending.until}`
      return end({ ok: false, effect: 'died', error }, pending.until)
    }
    const session = await connection.ask('a node', async (there) => there).catch(() => undefined)
    if (session !== undefined && (session !== sentTo || performance.now() - sentAtMs >= RESEND_MS)) {
      const said = await send(session, pending)
      if (said === undefined) spread = true
      else refusal = said
      ;[sentTo, sentAtMs] = [session, performance.now()]
      if (said !== undefined && !spread) return end({ ok: false, effect: 'died', error: said }, head.number)
      const version = session.api.runtimeVersion.specVersion.toNumber()
      if (said !== undefined && again !== undefined && version !== pending.specVersion) {
        pending = await again(pending)
        store.save({ ...store.load(), pending })
        sentTo = undefined
        continue
      }
    }
    await moving
  }
}

/** Hands the extrinsic to the node. Yields why the node holds it for invalid; undefined where it took it, or may have. */
async function send(session: Session, pending: Pending): Promise<string | undefined> {
  try {
    await session.request('author_submitExtrinsic', [pending.bytes])
    return undefined
  } catch (error) {
    // 1002 it cannot be read, 1010 invalid; 1012 banned, 1013 known, 1014 nonce taken, 1016 full: the node has seen it
    if (!(error instanceof NodeError && [1002, 1010].includes(error.code))) return undefined
    return error.message.slice(`${error.code}: `.length)
  }
}

interface RawBlock {
  readonly block: { readonly extrinsics: readonly string[] }
}

/** How the extrinsic ended in a finalized block; undefined where it is not in this one. */
function findIn(connection: ChainConnection, pending: Pending, number: number): Promise<Submission | undefined> {
  return connection.ask(`block ${number}`, async (session) => {
    const { api, request } = session
    const hash = await hashAt(session, number)
    const { block } = await request<RawBlock>('chain_getBlock', [hash])
    const own = [pending.bytes, ...pending.earlier]
    const index = block.extrinsics.findIndex((extrinsic) => own.includes(extrinsic))
    if (index < 0) return undefined
    const at = await api.at(hash)
    const records = (await at.query.system?.events?.()) as unknown as readonly EventRecord[]
    const failed = records.find(
      ({ phase, event }) =>
        phase.isApplyExtrinsic && phase.asApplyExtrinsic.eqn(index) && event.method === 'ExtrinsicFailed',
    )
    if (failed === undefined) return { ok: true, block: number }
    const error = failed.event.data[0] as unknown as DispatchError
    const named = error.isModule ? at.registry.findMetaError(error.asModule) : undefined
    return {
      ok: false,
      effect: 'included-without-effect',
      block: number,
      error: named === undefined ? error.toString() : `${named.section}.${named.name}`,
    }
  })
}

import { mkdirSync } from 'node:fs'
import { type OnNode, type OperatorCall, openExchange, readAccount } from '@wattfleet/chain'
import { Fault, sha256, toHex } from '@wattfleet/protocol'
import type { ChainFacts, Registrar } from '../ports.ts'

export interface RegistrarOptions {
  readonly endpoints: readonly string[]
  readonly operatorSeedPath: string
  /** Where the adapter keeps what it must not forget between two runs. */
  readonly stateDir: string
  /** The community that this operator runs. */
  readonly community: number
  /** Told of what becomes of the connection. */
  readonly onNode?: OnNode
}

export interface ChainRegistrar extends Registrar, ChainFacts {
  close(): Promise<void>
}

/** What a chain says of an account that has no role there, and of one that it has never heard of. */
const NOT_THE_OPERATOR = /NotInRole|: Payment$/

/**
 * Connects the operator's account with the chain. One question and the call that follows from it are not interrupted by
 * another, so that whatever is asked twice has its effect once.
 */
export async function openRegistrar(options: RegistrarOptions, signal: AbortSignal): Promise<ChainRegistrar> {
  mkdirSync(options.stateDir, { recursive: true })
  // before anything is open that would keep the process
  const operator = readAccount(options.operatorSeedPath)
  const client = openExchange(options.endpoints, signal, options.onNode)
  const submitter = client.submitter(operator, options.stateDir)
  let last: Promise<unknown> = Promise.resolve()

  const inTurn = <T>(stop: AbortSignal, work: () => Promise<T>): Promise<T> => {
    const done = last.then(async () => {
      await submitter.finishLeft(stop)
      return work()
    })
    last = done.catch(() => {})
    return done
  }

  const call = async (request: OperatorCall, stop: AbortSignal): Promise<void> => {
    const end = await submitter.submit(request, stop)
    if (end.ok) return
    // what died had no effect and may be tried again; what the chain refused it would refuse again
    const why = NOT_THE_OPERATOR.test(end.error)
      ? `: is ${operator.id} the operator of community ${options.community} on this chain, with money for fees?`
      : ''
    throw new Fault('chain', `${request.call}: ${end.error}${why}`, { retryable: end.effect === 'died' })
  }

  return {
    chainId: async () => (await client.queries()).chainId(),
    async rules(community) {
      const rules = await (await client.queries()).rules(community)
      if (rules === undefined) throw new Fault('config', `the chain knows no community ${community}`)
      return rules
    },
    ensureSite: (wanted, stop) =>
      inTurn(stop, async () => {
        const known = await (await client.queries()).site(wanted.site)
        const { community, member, zone, capImportWh, capExportWh } = wanted
        const same =
          known !== undefined &&
          known.community === community &&
          known.member === member &&
          known.zone === zone &&
          known.capImportWh === capImportWh &&
          known.capExportWh === capExportWh
        if (!same) await call({ call: 'set-site', ...wanted }, stop)
      }),
    ensureFunds: (member, amountNano, reference, stop) =>
      inTurn(stop, async () => {
        const { community } = options
        // the chain keeps 32 bytes of a reference, whatever the bank's looks like
        const hashed = toHex(sha256(Buffer.from(reference, 'utf8')))
        const queries = await client.queries()
        if ((await queries.issuedAgainst(community, hashed)) !== undefined) return
        await call({ call: 'issue', community, account: member, amountNano, reference: hashed }, stop)
      }),
    enrol: (site, signingKey, stop) =>
      inTurn(stop, async () => {
        const queries = await client.queries()
        const known = await queries.site(site)
        if (known?.gateway === signingKey) return { epoch: known.epoch }
        await call({ call: 'enrol-gateway', site, gateway: signingKey }, stop)
        const now = await queries.site(site)
        if (now?.gateway !== signingKey) throw new Fault('chain', `another key was enrolled for site ${site} meanwhile`)
        return { epoch: now.epoch }
      }),
    revoke: (site, signingKey, stop) =>
      inTurn(stop, async () => {
        const known = await (await client.queries()).site(site)
        if (known?.gateway === signingKey) await call({ call: 'revoke-gateway', gateway: signingKey }, stop)
      }),
    close: () => client.close(),
  }
}

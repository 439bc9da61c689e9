import { Fault, messageOf, pause } from '@wattfleet/protocol'
import type { pino } from 'pino'
import type { Registrar, SiteRecord, Store } from './ports.ts'
import { within } from './within.ts'

/** Calls under way at once: enough for an adapter to put them into one transaction, few enough for one block. */
const BATCH = 50
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 30_000
/** How often the store is looked at for what an operator has done: a revoked key is off the chain in a block or two. */
const LOOK_MS = 1_000

export interface RegisterSettings {
  readonly community: number
  /** Play money for each member, nano-currency; a development's street issues it, a utility's does not. */
  readonly initialFundsNano?: bigint | undefined
  /** What accounts in a role are issued once. */
  readonly roleFunds?: readonly { readonly account: string; readonly amountNano: bigint }[]
}

/** Makes sure that the chain knows this site. Remembers it, so that a restart need not ask again. */
export async function registerSite(
  store: Store,
  registrar: Registrar,
  community: number,
  record: SiteRecord,
  signal: AbortSignal,
): Promise<void> {
  if (record.onChain) return
  const { site, member, zone, capImportWh, capExportWh } = record
  const figures = { site, community, member, zone, capImportWh, capExportWh }
  await within(signal, registrar.ensureSite(figures, signal))
  store.setOnChain(site)
}

/** Makes sure that a member has got its initial funds, where the utility gives any. Remembers it. */
export async function fundMember(
  store: Store,
  registrar: Registrar,
  { initialFundsNano }: Pick<RegisterSettings, 'initialFundsNano'>,
  member: string,
  signal: AbortSignal,
): Promise<void> {
  if (initialFundsNano !== undefined) await fund(store, registrar, member, initialFundsNano, signal)
}

/** Makes sure that an account was issued its first money, once, whatever the amount is by now. */
async function fund(
  store: Store,
  registrar: Registrar,
  account: string,
  amountNano: bigint,
  signal: AbortSignal,
): Promise<void> {
  if (store.fundedMembers().has(account)) return
  const reference = `initial/${account}`
  await within(signal, registrar.ensureFunds(account, amountNano, reference, signal))
  store.setFunded(account, reference)
}

/**
 * Registers every site that the chain is not known to hold, then funds members and accounts in roles. Returns the faults;
 * none: all is done.
 */
export async function registerAll(
  store: Store,
  registrar: Registrar,
  settings: RegisterSettings,
  signal: AbortSignal,
): Promise<unknown[]> {
  const pending = store.sites().filter(({ onChain }) => !onChain)
  const faults = await inBatches(pending, (record) =>
    registerSite(store, registrar, settings.community, record, signal),
  )
  const members = [...new Set(store.sites().map(({ member }) => member))]
  const refused = await inBatches(members, (member) => fundMember(store, registrar, settings, member, signal))
  const unpaid = await inBatches(settings.roleFunds ?? [], ({ account, amountNano }) =>
    fund(store, registrar, account, amountNano, signal),
  )
  return [...faults, ...refused, ...unpaid]
}

/** Takes the keys of gateways that are stopped for good, or whose keys were replaced, off the chain. Returns the faults. */
export async function revokeAll(store: Store, registrar: Registrar, signal: AbortSignal): Promise<unknown[]> {
  const pending = store
    .sites()
    .flatMap(({ site, state, chainKey, signingKey }) =>
      chainKey !== undefined && (state === 'revoked' || state === 'retired' || chainKey !== signingKey)
        ? [{ site, chainKey }]
        : [],
    )
  return inBatches(pending, async ({ site, chainKey }) => {
    await within(signal, registrar.revoke(site, chainKey, signal))
    // unless another key was put there meanwhile
    if (store.site(site)?.chainKey === chainKey) store.setChainKey(site, undefined)
  })
}

/** Keeps the chain's registry as the store says, however long the chain is away. */
export async function keepRegistering(
  store: Store,
  registrar: Registrar,
  settings: RegisterSettings,
  log: pino.Logger,
  signal: AbortSignal,
): Promise<void> {
  let isTold = false
  let seen: string | undefined
  let waitMs = FIRST_RETRY_MS
  while (!signal.aborted) {
    const version = store.version()
    const faults = version === seen ? [] : await bringUp(store, registrar, settings, signal)
    if (signal.aborted) return
    if (faults.length > 0) {
      isTold = false
      const retryable = faults.every((fault) => fault instanceof Fault && fault.retryable)
      const text = 'the chain is not as it should be yet'
      log[retryable ? 'warn' : 'error']({ open: faults.length, first: messageOf(faults[0]) }, text)
      await pause(waitMs, signal)
      waitMs = Math.min(2 * waitMs, LONGEST_RETRY_MS)
    } else {
      // what this round has written itself is looked at once more, and then no more
      seen = version
      if (!isTold) log.info({ sites: store.sites().length }, 'all sites are on the chain')
      isTold = true
      waitMs = FIRST_RETRY_MS
      await pause(LOOK_MS, signal)
    }
  }
}

async function bringUp(store: Store, registrar: Registrar, settings: RegisterSettings, signal: AbortSignal) {
  const faults = await registerAll(store, registrar, settings, signal)
  return [...faults, ...(await revokeAll(store, registrar, signal))]
}

async function inBatches<T>(items: readonly T[], body: (item: T) => Promise<void>): Promise<unknown[]> {
  const faults: unknown[] = []
  for (let at = 0; at < items.length; at += BATCH) {
    const results = await Promise.allSettled(items.slice(at, at + BATCH).map(body))
    faults.push(...results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])))
  }
  return faults
}

import { Fault } from '@wattfleet/protocol'
import { bundleReader } from './authority/trust.ts'
import { type Behind, behind } from './core/roots.ts'
import type { Store } from './ports.ts'

/** Names of the entries in the audit log. */
export const CA_EVENTS = {
  request: 'ca-request',
  trust: 'ca-trust',
  install: 'ca-install',
  switch: 'ca-switch',
  withdraw: 'ca-withdraw',
} as const

/**
 * Who does not know a root yet. Of gateways that have a certificate counts what they have shown to have: the roots that came
 * with a certificate which was proven. Of the others, what their claim says.
 */
export function behindOn(store: Store, root: string, nowMs: number): Behind {
  const rootsIn = bundleReader()
  const entries = store.audit.entries()
  const claimedMs = new Map<string, number>()
  for (const { event, site, atMs } of entries)
    if (event === 'reissue' || event === 'imported') claimedMs.set(site, atMs)
  const trusted = entries.findLast(({ event, detail }) => event === CA_EVENTS.trust && detail.root === root)
  const sites = store.sites()
  return behind(
    root,
    trusted?.atMs,
    sites.flatMap(({ serial, grant }) => (grant === undefined ? [] : [{ serial, roots: rootsIn(grant.caPem) }])),
    sites
      .filter(
        ({ grant, claimWritten, claimExpiresMs }) => grant === undefined && claimWritten && claimExpiresMs > nowMs,
      )
      .map(({ serial, site }) => ({ serial, writtenMs: claimedMs.get(site) ?? 0 })),
  )
}

/** Serials of the gateways whose certificate in force goes back to a root: without it they cannot connect. */
export function standingUnder(store: Store, root: string, nowMs: number): string[] {
  const sites = new Map(store.sites().map(({ site, serial }) => [site, serial]))
  const under = store.certificatesInForce(nowMs).filter((one) => one.root === root)
  // one that has been renewed and not proven stands under both
  return [...new Set(under.map(({ site }) => sites.get(site) ?? site))]
}

/**
 * Goes on where nobody is left behind, or as many as the operator says in so many words: a gateway that lies in a drawer must
 * not hold up a fleet for ever. Throws Fault `enrolment` with how many it would be, and the first of them.
 */
export function requireLost(lost: readonly string[], accepted: number, what: string): void {
  if (lost.length === accepted) return
  const some = lost.slice(0, 10).join(', ')
  const told = lost.length === 0 ? 'none' : `${some}${lost.length > 10 ? ', …' : ''}`
  throw new Fault('enrolment', `${lost.length} ${what}: ${told}; --lose ${lost.length} goes on without them`)
}

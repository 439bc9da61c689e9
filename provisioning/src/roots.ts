import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Fault } from '@wattfleet/protocol'
import type { IdentityPaths } from './authority/identities.ts'
import { bundleReader, certificatesIn, fingerprintIn, rootOf, rootsIn } from './authority/trust.ts'
import { type Behind, behind, labelOf, type ServerIdentity } from './core/roots.ts'
import type { Deed, Store } from './ports.ts'

/** Names of the entries in the audit log. */
export const CA_EVENTS = {
  request: 'ca-request',
  trust: 'ca-trust',
  install: 'ca-install',
  switch: 'ca-switch',
  withdraw: 'ca-withdraw',
  server: 'ca-server',
} as const

/**
 * Who does not know a root yet. Of gateways that have a certificate counts what they have shown to have: the roots that came
 * with a certificate which was proven. Of the others, what their claim says.
 */
export function behindOn(store: Store, root: string, nowMs: number): Behind {
  const rootsOf = bundleReader()
  const entries = store.audit.entries()
  const claimedMs = new Map<string, number>()
  for (const { event, site, atMs } of entries)
    if (event === 'reissue' || event === 'imported') claimedMs.set(site, atMs)
  const trusted = entries.findLast(({ event, detail }) => event === CA_EVENTS.trust && detail.root === root)
  const sites = store.sites()
  return behind(
    root,
    trusted?.atMs,
    sites.flatMap(({ serial, grant }) => (grant === undefined ? [] : [{ serial, roots: rootsOf(grant.caPem) }])),
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
 * What each server of the operator's was given last, as the log says: it has an entry whenever that was something else. One
 * that was made before this was written down is known from the next time on that its command runs.
 */
export function serversIn(store: Pick<Store, 'audit'>): ServerIdentity[] {
  const last = new Map<string, ServerIdentity>()
  for (const { event, detail } of store.audit.entries()) {
    if (event === CA_EVENTS.server) last.set(labelOf(detail as never), detail as unknown as ServerIdentity)
  }
  return [...last.values()]
}

/** Writes down what lies in a server's folder now, where that is something else than before. */
export function noteServer(store: Store, name: string, paths: IdentityPaths, deed: Deed): void {
  const server = serverAt(name, paths)
  const known = serversIn(store).find((one) => labelOf(one) === labelOf(server))
  const said = ({ fingerprint, roots }: ServerIdentity) => [fingerprint, ...roots].join(' ')
  if (known !== undefined && said(known) === said(server)) return
  store.note(CA_EVENTS.server, { ...deed, detail: { ...deed.detail, ...server } })
}

/** The certificates that the service keeps for itself, below the state folder; it makes others by itself, while it runs. */
export function ownServers(stateDir: string): ServerIdentity[] {
  const at = (name: string) => join(stateDir, 'tls', name)
  return ['provisioning', 'utility'].flatMap((name) => {
    const paths = { caPath: at('ca.pem'), certPath: at(`${name}.pem`), keyPath: at(`${name}.key`) }
    return existsSync(paths.certPath) && existsSync(paths.caPath) ? [serverAt(name, paths)] : []
  })
}

function serverAt(name: string, { caPath, certPath }: IdentityPaths): ServerIdentity {
  const [leaf, issuing] = certificatesIn(readFileSync(certPath, 'utf8'), certPath)
  const roots = rootsIn(readFileSync(caPath, 'utf8'), caPath)
  if (leaf === undefined) throw new Fault('config', `${certPath}: is not a certificate`)
  return {
    ...{ name, folder: resolve(dirname(certPath)), fingerprint: fingerprintIn(leaf) },
    // empty where its root is not trusted any more: then nobody has to wait for it
    root: rootOf(issuing ?? leaf, roots)?.fingerprint ?? '',
    ...{ notAfterMs: Date.parse(leaf.validTo), roots: roots.map(({ fingerprint }) => fingerprint) },
  }
}

/**
 * Goes on where nobody is left behind, or as many as the operator says in so many words: a gateway that lies in a drawer must
 * not hold up a fleet for ever. `lost`: who, by what is the matter with them. Throws Fault `enrolment` with how many it would
 * be, and the first of them.
 */
export function requireLost(lost: Readonly<Record<string, readonly string[]>>, accepted: number): void {
  const all = Object.values(lost).flat().length
  if (all === accepted) return
  const told = Object.entries(lost).flatMap(([what, names]) => {
    const some = `${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`
    return names.length === 0 ? [] : [`${names.length} ${what}: ${some}`]
  })
  const said = told.length === 0 ? 'nobody would be lost' : told.join('; ')
  throw new Fault('enrolment', `${said}; --lose ${all} goes on without them`)
}

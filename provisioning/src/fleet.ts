import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Fault, PUBLIC_MODE, pause, writeFileAtomic } from '@wattfleet/protocol'
import type { Deed, MoveEvent, SiteRecord, Store } from './ports.ts'

/** What an operator may say of one gateway. */
export const OPERATOR_EVENTS = [
  'suspend',
  'resume',
  'release',
  'revoke',
  'retire',
] as const satisfies readonly MoveEvent[]
export type OperatorEvent = (typeof OPERATOR_EVENTS)[number]

/** A gateway that has not asked for so long will not complete the enrolment that it began. */
export const ABANDONED_AFTER_MS = 3_600_000

/** The gateway with this serial, on this site, or with this name on the wire. Throws Fault `enrolment` where there is none. */
export function gatewayOf(store: Store, name: string): SiteRecord {
  const record = store.siteBySerial(name) ?? store.site(name) ?? store.siteByGateway(name)
  if (record === undefined) throw new Fault('enrolment', `no gateway has the serial, the site or the name ${name}`)
  return record
}

/**
 * Takes a gateway on in its life as the operator says. What was done already is done. Throws Fault `enrolment` with the
 * reason where there is no way.
 */
export function take(store: Store, name: string, event: OperatorEvent, deed: Deed): SiteRecord {
  const { site, serial } = gatewayOf(store, name)
  const step = store.move(site, event, deed)
  if (!step.ok && !step.known) throw new Fault('enrolment', `${serial}: ${step.reason}`)
  return gatewayOf(store, site)
}

/** Lets a gateway in that waits for it. Throws Fault `enrolment` where none does. */
export function approve(store: Store, name: string, deed: Deed): SiteRecord {
  const { site, serial, state, isApproved } = gatewayOf(store, name)
  if (state !== 'claimed')
    throw new Fault('enrolment', `${serial}: approve: expected a gateway that is claimed, it is ${state}`)
  if (!isApproved) store.approve(site, deed)
  return gatewayOf(store, site)
}

/** Frees the claims of gateways that began to enrol and have not been heard since, and forgets strangers that went away. Yields their serials. */
export function abandonStale(store: Store, atMs: number): string[] {
  store.forgetStrangers(atMs - ABANDONED_AFTER_MS)
  return store
    .sitesIn('claimed')
    .filter(({ askedMs = 0 }) => atMs - askedMs >= ABANDONED_AFTER_MS)
    .filter(({ site }) => store.move(site, 'abandon', { actor: 'service', atMs }).ok)
    .map(({ serial }) => serial)
}

/**
 * Writes the list of certificates that the broker does not let in, and cuts within seconds: one SHA-256 fingerprint a line;
 * and beside it the list of those that it lets in, that of their names, and that of keys whose orders the hub refuses.
 * The store is the truth: whoever changed a state writes it, and the service once more at its start.
 */
export function writeRefused(store: Store, path: string, nowMs: number): void {
  const write = (to: string, about: string, lines: readonly string[]) => {
    const text = `${[`# ${about}`, ...lines].join('\n')}\n`
    // most of the time nobody was stopped or let in, and nobody has to read it again
    if (existsSync(to) && readFileSync(to, 'utf8') === text) return
    // commands write it beside the service
    writeFileAtomic(to, text, PUBLIC_MODE, undefined, `${to}.${process.pid}.draft`)
  }
  // the hub's first: who is let in again by the broker must not be refused for good by the hub
  write(refusedKeysBeside(path), 'their orders are refused by the hub', store.refusedKeys())
  write(path, 'not let in by the broker', store.refusedCertificates(nowMs))
  write(refusedNamesBeside(path), 'for brokers that know gateways by their names', store.refusedNames(nowMs))
  write(admittedPath(dirname(path)), 'the registry: gateways let in by the broker', store.admittedCertificates(nowMs))
}

/**
 * Where the hub's list lies: signing keys of gateways that may not trade, hex, one a line. The chain still takes the orders
 * of those that are suspended or quarantined, and of those that are revoked until it has heard of it.
 */
export function refusedKeysBeside(path: string): string {
  return join(dirname(path), 'refused-keys.txt')
}

/** Where the names of gateways that may not connect lie: what the option `--revoked` of `wattfleet-broker config` is given. */
export function refusedNamesBeside(path: string): string {
  return join(dirname(path), 'refused-names.txt')
}

/** Where the list of certificates that may connect lies below the state folder: what the broker's `registryPath` is. */
export function admittedPath(stateDir: string): string {
  return join(stateDir, 'admitted.txt')
}

/** How long those who enrol at one time wait for each other, ms. */
const GATHER_MS = 50

/**
 * Resolves once the broker's lists say what the store says now: a gateway that has its answer connects at once. All that
 * ask within a moment share one writing.
 */
export function listedSoon(keep: (nowMs: number) => void, nowMs: () => number): () => Promise<void> {
  let next: Promise<void> | undefined
  return () => {
    next ??= pause(GATHER_MS).then(() => {
      next = undefined
      keep(nowMs())
    })
    return next
  }
}

/**
 * Keeps that list as the store says. Each call writes it where anything was changed since the last one began, by whatever
 * process: another may have written the list of a moment before its own change.
 */
export function refusedKeeper(store: Store, path: string): (nowMs: number) => void {
  let seen: string | undefined
  return (nowMs) => {
    // before the list is made: what is changed meanwhile is looked at again
    const version = store.version()
    if (version === seen) return
    writeRefused(store, path, nowMs)
    seen = version
  }
}

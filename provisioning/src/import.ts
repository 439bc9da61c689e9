import { randomBytes } from 'node:crypto'
import { Fault, gatewayIdFrom, toHex } from '@wattfleet/protocol'
import { type ManifestLine, planImport } from './core/manifest.ts'
import type { Store } from './ports.ts'

export interface ImportSummary {
  /** Sites that were added. */
  readonly added: number
  /** Sites that were there already, with the same figures. */
  readonly known: number
}

/** What an import of these lines would do. Throws as `importManifest`. */
export function checkManifest(store: Store, lines: readonly ManifestLine[], source: string) {
  const plan = planImport(lines, store.sites())
  if (!plan.ok)
    throw new Fault('config', plan.errors.map(({ line, reason }) => `${source}:${line}: ${reason}`).join('\n'))
  return plan
}

/**
 * Imports a manifest, all of it or nothing. Importing it again changes nothing. Throws Fault `config` with one line per bad
 * row: source, line, reason.
 */
export function importManifest(
  store: Store,
  lines: readonly ManifestLine[],
  source: string,
  nowMs: number,
): ImportSummary {
  const plan = checkManifest(store, lines, source)
  const fresh = plan.fresh.map(({ line: _line, ...row }) => ({
    ...row,
    site: row.site ?? toHex(randomBytes(16)),
    gateway: gatewayIdFrom(randomBytes(16)),
  }))
  store.addSites(fresh, nowMs)
  return { added: fresh.length, known: plan.known.length }
}

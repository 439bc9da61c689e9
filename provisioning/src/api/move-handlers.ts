import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { reissueClaim } from '../claims.ts'
import type { GatewayView } from '../core/gateway-view.ts'
import type { ApiToken } from '../core/token.ts'
import { writeRefused } from '../fleet.ts'
import { importBytes } from '../office.ts'
import type { Deed } from '../ports.ts'
import { approveReset, pendingResets, refuseReset } from '../strangers.ts'
import { transfer } from '../transfer.ts'
import type { ApiParts, B, Call, SentBody } from './call.ts'
import { instantOf } from './present.ts'
import type * as schemas from './schemas.ts'

interface Looking {
  shown(id: string, caller: ApiToken): z.input<typeof schemas.gateway>
  viewOf(id: string): GatewayView
  deedOf(caller: ApiToken, reason: string | undefined): Deed
}

/** What comes in, comes back, and leaves. */
export function moveHandlers(parts: ApiParts, { shown, viewOf, deedOf }: Looking) {
  const { store, claims, refusedPath, nowMs, community } = parts
  const tagging =
    (what: 'tag' | 'untag') =>
    ({ caller, id, body: { tag, reason } }: B<typeof schemas.tagBody>) => {
      const { site } = viewOf(id)
      store.tags[what](site, tag, deedOf(caller, reason))
      return shown(site, caller)
    }
  return {
    resets: () => ({
      items: pendingResets(store).map(({ stranger: { signingKey, metMs, askedMs }, record }) => ({
        ...{ serial: record.serial, site: record.site, state: record.state, signingKey },
        ...{ since: instantOf(metMs), asked: instantOf(askedMs) },
      })),
    }),
    approveReset({ caller, id, body }: B<typeof schemas.resetBody>) {
      const { site } = viewOf(id)
      approveReset(store, site, body.key, deedOf(caller, body.reason))
      writeRefused(store, refusedPath, nowMs())
      return shown(site, caller)
    },
    refuseReset({ caller, id, body }: B<typeof schemas.reasonBody>) {
      const { site } = viewOf(id)
      refuseReset(store, site, deedOf(caller, body.reason))
      return shown(site, caller)
    },
    transfer({ caller, id, body: { reason, ...home } }: B<typeof schemas.transferBody>) {
      const deed = deedOf(caller, reason)
      const { from, to } = transfer(store, viewOf(id).site, home, deed)
      writeRefused(store, refusedPath, nowMs())
      const claim = JSON.parse(readFileSync(reissueClaim(store, claims, to.site, deed), 'utf8'))
      return { from: shown(from.site, caller), to: shown(to.site, caller), claim }
    },
    forget({ caller, id, body }: B<typeof schemas.reasonBody>) {
      const { site } = viewOf(id)
      store.forget(site, deedOf(caller, body.reason))
      return shown(site, caller)
    },
    tag: tagging('tag'),
    untag: tagging('untag'),
    importManifest({ caller, body: { bytes, type }, query: { dryRun }, signal }: Call<{ dryRun: string }, SentBody>) {
      const source = type === 'text/csv' ? 'manifest.csv' : 'manifest.yaml'
      return importBytes(parts, bytes, source, {
        ...{ community, nowMs: nowMs(), signal, isDryRun: dryRun === 'true' },
        actor: deedOf(caller, undefined).actor,
      })
    },
  }
}

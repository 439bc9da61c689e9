import { readFileSync } from 'node:fs'
import { Fault, Refusal, toHex } from '@wattfleet/protocol'
import type { z } from 'zod'
import { doBulk } from '../bulk.ts'
import { reissueClaim } from '../claims.ts'
import { planBulk } from '../core/bulk.ts'
import { concernsOf, type GatewayView } from '../core/gateway-view.ts'
import { overviewOf } from '../core/overview.ts'
import { mayDo, ROLES, type Role } from '../core/roles.ts'
import { select } from '../core/select.ts'
import type { StoryEvent } from '../core/story.ts'
import type { ApiToken } from '../core/token.ts'
import { approve, type OperatorEvent, take, writeRefused } from '../fleet.ts'
import type { Actor, Deed, Store } from '../ports.ts'
import { storyOf } from '../story.ts'
import { createToken } from '../tokens.ts'
import type { ApiParts, B, Call, Q } from './call.ts'
import { moveHandlers } from './move-handlers.ts'
import { type OPERATIONS, type OperationId, rightFor } from './operations.ts'
import { instantOf, type PresentContext, presentEvent, presentGateway } from './present.ts'
import { rolloutHandlers } from './rollout-handlers.ts'
import type * as schemas from './schemas.ts'

type AnswerTo<Id extends OperationId> = z.input<(typeof OPERATIONS)[Id]['answer']>
/** What needs no token is answered by the server itself. */
type Handled = Exclude<OperationId, 'healthz' | 'openapi'>
type Handlers = { readonly [Id in Handled]: (call: never) => AnswerTo<Id> | Promise<AnswerTo<Id>> }

const actorOf = ({ name }: ApiToken): Actor => `api/${name}`

/** What each operation does. Throws Refusal, or a Fault that the server turns into one. */
export function handlersOf(parts: ApiParts): Handlers {
  const { store, fleet } = parts
  const contextOf = ({ role }: ApiToken): PresentContext => ({
    ...{ nowMs: parts.nowMs(), byHand: parts.byHand },
    mayNameHouseholds: mayDo(role, 'households'),
  })
  const selected = ({ tag, ...selection }: z.output<typeof schemas.selection>, caller: ApiToken) => {
    const { nowMs, byHand, mayNameHouseholds } = contextOf(caller)
    const context = { concernsOf: (view: GatewayView) => concernsOf(view, nowMs, byHand), mayNameHouseholds }
    return select(fleet(), { ...selection, tags: tag === undefined ? undefined : [tag] }, context)
  }
  const viewOf = (id: string): GatewayView => {
    const found = fleet().find(
      ({ serial, site, gateway, movedOn }) => (serial === id && !movedOn) || site === id || gateway === id,
    )
    if (found === undefined) throw new Refusal(404, `No gateway has the serial, the site or the name ${id}.`)
    return found
  }
  const shown = (id: string, caller: ApiToken) => presentGateway(viewOf(id), contextOf(caller))
  const deedOf = (caller: ApiToken, reason: string | undefined): Deed => ({
    ...{ actor: actorOf(caller), atMs: parts.nowMs() },
    ...(reason !== undefined && { detail: { reason } }),
  })
  const step =
    (event: OperatorEvent) =>
    ({ caller, id, body }: B<typeof schemas.reasonBody>) => {
      const { site } = viewOf(id)
      take(store, site, event, deedOf(caller, body.reason))
      writeRefused(store, parts.refusedPath, parts.nowMs())
      return shown(site, caller)
    }
  const bulkViews = (given: z.output<typeof schemas.bulkPreviewBody>, caller: ApiToken) => {
    const { serials } = given.select
    const found = selected(given.select, caller)
    const known = new Set(found.map(({ serial }) => serial))
    const missing = serials?.filter((serial) => !known.has(serial)) ?? []
    if (missing.length > 0 && Object.keys(given.select).length === 1) {
      throw new Refusal(404, `No gateway has the serial ${missing.slice(0, 10).join(', ')}.`)
    }
    return found
  }

  return {
    whoami: ({ caller: { name, role, expiresMs } }: Call) => ({
      ...{ name, role, rights: [...ROLES[role]], expires: instantOf(expiresMs) },
    }),
    overview() {
      const nowMs = parts.nowMs()
      const { nextExpiryMs, ...figures } = overviewOf(fleet(), nowMs, parts.byHand)
      const nextExpiry = nextExpiryMs === undefined ? null : instantOf(nextExpiryMs)
      const { versions, findings, ...rest } = figures
      return { at: instantOf(nowMs), ...rest, nextExpiry, versions: [...versions], findings: [...findings] }
    },
    gateways({ caller, query: { after, limit, ...selection } }: Q<typeof schemas.gatewaysQuery>) {
      const all = selected(selection, caller)
      const left = after === undefined ? all : all.filter((view) => placeOf(view) > after)
      const page = left.slice(0, limit)
      const last = left.length > limit ? page.at(-1) : undefined
      const items = page.map((view) => presentGateway(view, contextOf(caller)))
      return { items, next: last === undefined ? null : placeOf(last), total: all.length }
    },
    gateway: ({ caller, id }: Call) => shown(id, caller),
    async story({ caller, id, signal }: Call) {
      const view = viewOf(id)
      const { life, market } = await storyOf(store, view.site, parts.trades, signal)
      return {
        gateway: presentGateway(view, contextOf(caller)),
        life: life.map((event) => presentLife(event, caller.role)),
        market: 'trades' in market ? { ...market, trades: market.trades.map(presentEvent) } : market,
      }
    },
    approve({ caller, id, body }: B<typeof schemas.reasonBody>) {
      const { site } = viewOf(id)
      approve(store, site, deedOf(caller, body.reason))
      return shown(site, caller)
    },
    ...{ suspend: step('suspend'), resume: step('resume'), release: step('release') },
    ...{ revoke: step('revoke'), retire: step('retire') },
    reissue({ caller, id, body }: B<typeof schemas.reasonBody>) {
      const { site, serial } = viewOf(id)
      const path = reissueClaim(store, parts.claims, site, deedOf(caller, body.reason))
      return { serial, claim: JSON.parse(readFileSync(path, 'utf8')) }
    },
    bulkPreview({ caller, body }: B<typeof schemas.bulkPreviewBody>) {
      return presentPlan(planBulk(bulkViews(body, caller), body.event))
    },
    bulk({ caller, body }: B<typeof schemas.bulkBody>) {
      const right = rightFor(body.event)
      if (!mayDo(caller.role, right)) throw new Refusal(403, `${body.event} takes the right ${right}.`)
      const result = doBulk(store, parts.refusedPath, bulkViews(body, caller), body, deedOf(caller, body.reason))
      if (result.ok) return { done: [...result.done], failed: [...result.failed] }
      const text = 'What it would do now is not what was shown; look at the new preview. Nothing was done.'
      throw new Refusal(409, text, { members: { plan: presentPlan(result.plan) } })
    },
    ...moveHandlers(parts, { shown, viewOf, deedOf }),
    ...rolloutHandlers(parts, deedOf),
    ...auditHandlers(store),
    ...tokenHandlers(parts),
  }
}

/** Who did it and why is the log's, for those who may read it. */
function presentLife({ atMs, clock, event, ...rest }: StoryEvent, role: Role) {
  return presentEvent({ atMs, clock, event, ...(mayDo(role, 'audit') ? rest : { detail: {} }) })
}

/** Where a gateway stands in the order of all: a serial sorts before the same with more after it, as a space does. */
function placeOf({ serial, site }: GatewayView): string {
  return `${serial} ${site}`
}

function presentPlan({ event, will, already, refused, digest }: ReturnType<typeof planBulk>) {
  return {
    ...{ event, digest, already: [...already], refused: [...refused] },
    will: will.map(({ serial, from, to }) => ({ serial, from, to })),
  }
}

function auditHandlers({ audit }: Store) {
  return {
    audit({ query: { from, limit } }: Q<typeof schemas.auditQuery>) {
      const read = audit.entries(from, limit + 1)
      const items = read.slice(0, limit).map(({ hash, atMs, ...entry }) => ({
        ...{ ...entry, at: instantOf(atMs), hash: toHex(hash) },
      }))
      return { items, next: read[limit]?.number ?? null }
    },
    auditHead() {
      const head = audit.head()
      return head ? { number: head.number, hash: toHex(head.hash), signature: toHex(head.signature) } : null
    },
    auditVerify: () => audit.verify(),
  }
}

function tokenHandlers({ store, nowMs }: ApiParts) {
  const all = () => ({
    items: store.tokens.all().map(({ name, role, createdMs, expiresMs, lastUsedMs, isRevoked }) => ({
      ...{ name, role, created: instantOf(createdMs), expires: instantOf(expiresMs), isRevoked },
      lastUsed: lastUsedMs === undefined ? null : instantOf(lastUsedMs),
    })),
  })
  return {
    tokens: all,
    createToken({ caller, body }: B<typeof schemas.tokenBody>) {
      const { expiresMs, ...made } = createToken(store, body, actorOf(caller), nowMs())
      return { ...made, expires: instantOf(expiresMs) }
    },
    revokeToken({ caller, id, body }: B<typeof schemas.reasonBody>) {
      if (caller.name === id)
        throw new Fault('enrolment', 'a token cannot revoke itself: another admin, or the command line')
      const deed: Deed = {
        actor: actorOf(caller),
        atMs: nowMs(),
        ...(body.reason && { detail: { reason: body.reason } }),
      }
      if (!store.tokens.revoke(id, deed)) throw new Refusal(404, `No token has the name ${id}.`)
      return all()
    },
  }
}

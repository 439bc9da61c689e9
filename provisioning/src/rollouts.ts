import {
  type Clock,
  commandBody,
  configBody,
  type Directive,
  type SigningKey,
  sealDown,
  signRelease,
} from '@wattfleet/protocol'
import { judgeTarget, nextStep, type Target, type Word } from './core/rollout.ts'
import {
  directiveOf,
  type FleetLink,
  type GatewayStatus,
  type RolloutBody,
  type RolloutRecord,
  type RolloutStep,
  type TargetRecord,
} from './fleet-ports.ts'
import type { SiteRecord, Store } from './ports.ts'

/** A gateway that speaks and has not taken what it was sent is sent it again after this. */
const HEARD_AGAIN_MS = 10_000
/** One that is silent seldom: the broker keeps what was sent to it, and each copy takes a place in its queue. */
const SILENT_AGAIN_MS = 300_000
const SILENT_AGAIN_MOST_MS = 6 * 3_600_000
/** Gateways of a stage that are told in one turn: nobody else gets a word in while they are written down and signed for. */
const MOST_TOLD = 500
/** Messages on their way to the broker at one time. */
const AT_ONCE = 50

export interface RolloutParts {
  readonly store: Store
  readonly link: FleetLink
  readonly utilityKey: SigningKey
  /** The wall's clock. */
  readonly nowMs: () => number
  /** The market's, by which gateways tell when a message expires. */
  readonly clock: Pick<Clock, 'nowMs'>
}

/** Looks at all roll-outs once: judges, decides, keeps, and tells. */
export type RolloutTurn = () => Promise<void>

/** How often a gateway was sent a message, and when last. */
interface Attempt {
  readonly count: number
  readonly atMs: number
}

/** What need not outlive the service: after a restart everything is looked at, and everybody told, once more. */
interface Memory {
  readonly attempts: Map<string, Attempt>
  /** When those gateways were heard whose word was looked at. */
  readonly looked: Map<string, number>
  /** Of the store, when it was last asked who was stopped. */
  readonly version: string | undefined
}

const keyOf = ({ id }: RolloutRecord, { site }: Target) => `${id}/${site}`

/**
 * What is decided is durable before anybody is told, and telling may be repeated: a service that dies anywhere goes on
 * where it was.
 */
export function rolloutTurns(parts: RolloutParts): RolloutTurn {
  const { store, link, nowMs } = parts
  let memory: Memory = { attempts: new Map(), looked: new Map(), version: undefined }
  return async () => {
    const next: Memory = { attempts: new Map(), looked: new Map(), version: store.version() }
    const due: { key: string; attempt: Attempt; send: () => Promise<boolean> }[] = []
    for (const rollout of store.rollouts.open()) {
      const before = store.rollouts.targets(rollout.id)
      const step = decide(parts, rollout, before, memory, next)
      if (step !== undefined) store.rollouts.advance(step, { actor: 'service', atMs: nowMs() })
      if (rollout.state !== 'running' || !link.isUp) continue
      // who is told from now on has its counter only there
      for (const target of step === undefined ? before : store.rollouts.targets(rollout.id)) {
        if (target.state !== 'sent') continue
        const key = keyOf(rollout, target)
        const last = memory.attempts.get(key)
        if (last !== undefined) next.attempts.set(key, last)
        if (!isDue(last, target.heardMs, nowMs())) continue
        const send = messageFor(parts, rollout, target)
        const attempt = { count: (last?.count ?? 0) + 1, atMs: nowMs() }
        // one that has taken it is looked at again with its next word
        if (send === undefined) next.attempts.set(key, { ...attempt, count: last?.count ?? 1 })
        else due.push({ key, attempt, send })
      }
    }
    memory = next
    for (let at = 0; at < due.length; at += AT_ONCE) {
      await Promise.all(
        due.slice(at, at + AT_ONCE).map(async ({ key, attempt, send }) => {
          if (await send()) memory.attempts.set(key, attempt)
        }),
      )
    }
  }
}

/** What one look at a roll-out changes; undefined where nothing does. Gateways that said nothing new are not asked for. */
function decide(
  { store, nowMs }: RolloutParts,
  rollout: RolloutRecord,
  before: readonly TargetRecord[],
  { looked, version }: Memory,
  next: Memory,
): RolloutStep | undefined {
  const { id, plan } = rollout
  const now = nowMs()
  const judged: RolloutStep['judged'][number][] = []
  // statuses are no news to the version: it changes when somebody is stopped
  const mayBeStopped = version !== next.version
  const targets = before.map((target): Target => {
    if (target.state !== 'sent') return target
    const { heardMs = 0, sentMs = 0 } = target
    const gone = mayBeStopped ? unreachable(store.site(target.site)) : undefined
    if (gone !== undefined) {
      const failed: Target = { ...target, state: 'failed', reason: gone }
      judged.push(failed)
      return failed
    }
    const key = keyOf(rollout, target)
    next.looked.set(key, heardMs)
    if (looked.get(key) === heardMs && now - sentMs < plan.deadlineMs) return target
    const record = store.site(target.site)
    const status = record && store.statuses.of(record.gateway)
    const body = target.body ?? rollout.body
    const judgement = judgeTarget(plan, target, status && wordOf(status, body, target), now)
    const { goodSinceMs: _, ...rest } = target
    const after: Target = { ...rest, ...judgement }
    if (after.state === target.state && after.goodSinceMs === target.goodSinceMs) return target
    judged.push(after)
    return after
  })
  const coming = rollout.state === 'running' ? nextStep(plan, targets) : undefined
  const told: { site: string; least: number }[] = []
  for (const site of coming?.step === 'send' ? coming.sites.slice(0, MOST_TOLD) : []) {
    const record = store.site(site)
    const reason = unreachable(record)
    if (reason !== undefined) judged.push({ site, state: 'failed', reason })
    else told.push({ site, least: lastOf(record && store.statuses.of(record.gateway), rollout.body)?.counter ?? 0 })
  }
  // who cannot be told has failed: whether the others still are is decided with that
  if (judged.some(({ site }) => coming?.step === 'send' && coming.sites.includes(site))) told.length = 0
  if (coming?.step === 'stop') return { id, judged, told, state: 'stopped', reason: coming.reason }
  if (coming?.step === 'done') return { id, judged, told, state: 'done' }
  return judged.length + told.length > 0 ? { id, judged, told } : undefined
}

/** Why a gateway cannot be told anything now. */
export function unreachable(record: SiteRecord | undefined): string | undefined {
  if (record?.state !== 'active') return `it is ${record?.state ?? 'unknown'}`
  if (record.grant?.utilityKey === undefined)
    return "its grant is of before the utility's key: its next renewal brings it"
  return undefined
}

function lastOf(status: GatewayStatus | undefined, body: RolloutBody) {
  return directiveOf(body) === 'config' ? status?.lastConfig : status?.lastCommand
}

function wordOf(status: GatewayStatus, body: RolloutBody, target: Target): Word {
  const last = lastOf(status, body)
  const hasTarget =
    body.kind === 'config'
      ? status.config === target.counter
      : body.kind === 'restart' || status.version === body.release.version
  return {
    receivedMs: status.receivedMs,
    ...(last !== undefined && { last }),
    hasTarget,
    isMeterGood: status.meter === 'good',
    isClockTrusted: status.clock === 'trusted',
  }
}

/** Sends a gateway what it has not taken yet; undefined while it need not be sent. */
function messageFor(
  { store, link, utilityKey, nowMs, clock }: RolloutParts,
  rollout: RolloutRecord,
  target: TargetRecord,
): (() => Promise<boolean>) | undefined {
  const { counter = 0, sentMs = 0 } = target
  const record = store.site(target.site)
  if (unreachable(record) !== undefined || record?.grant === undefined || record.signingKey === undefined)
    return undefined
  const body = target.body ?? rollout.body
  const status = store.statuses.of(record.gateway)
  if ((lastOf(status, body)?.counter ?? 0) >= counter) return undefined
  const leftMs = sentMs + rollout.plan.deadlineMs - nowMs()
  if (leftMs <= 0) return undefined
  const head: Directive = {
    ...{ gateway: record.signingKey, epoch: record.grant.epoch, counter },
    expiresAt: Math.ceil((clock.nowMs() + leftMs) / 1000),
  }
  const payload = sealDown(contentOf(head, body, rollout.plan.trialS, utilityKey), utilityKey)
  return () => link.send(record.gateway, directiveOf(body), payload)
}

function isDue(before: Attempt | undefined, heardMs: number | undefined, nowMs: number): boolean {
  if (before === undefined) return true
  const sinceMs = nowMs - before.atMs
  if (heardMs !== undefined && heardMs > before.atMs && sinceMs >= HEARD_AGAIN_MS) return true
  return sinceMs >= Math.min(SILENT_AGAIN_MS * 2 ** (before.count - 1), SILENT_AGAIN_MOST_MS)
}

function contentOf(head: Directive, body: RolloutBody, trialS: number, key: SigningKey) {
  switch (body.kind) {
    case 'config':
      return configBody({ ...head, settings: { ...body.settings }, trialS })
    case 'software':
      return commandBody({ ...head, command: { name: 'update', release: signRelease(body.release, key) } })
    case 'restart':
      return commandBody({ ...head, command: { name: 'restart' } })
  }
}

import { type DirectiveAnswer, sha256, toHex } from '@wattfleet/protocol'

/** What a roll-out promised when it was made. */
export interface RolloutPlan {
  /** How many gateways each stage has, in the order of the targets; together all of them. */
  readonly stages: readonly number[]
  /** The share of a stage that may fail, in thousandths: one more, and the roll-out stops. */
  readonly thresholdPermille: number
  /** A gateway that has not said in this time that all is well has failed: silence is no success. */
  readonly deadlineMs: number
  /** For how long it has to be well, from its first good word to its last. */
  readonly soakMs: number
}

export const TARGET_STATES = [
  'waiting', // nobody has told it
  'sent', // told, once or more; nothing good was heard for long enough
  'good', // it was well with the target for the soak time
  'failed', // it said no, went back, or was silent until the deadline
] as const
export type TargetState = (typeof TARGET_STATES)[number]

/** One gateway of a roll-out. Times are UTC Unix milliseconds of the wall's clock. */
export interface Target {
  readonly site: string
  readonly state: TargetState
  /** What its message is known by; undefined while it waits. */
  readonly counter?: number
  readonly sentMs?: number
  /** Since when every word of it was good. */
  readonly goodSinceMs?: number
  readonly reason?: string
  /** An operator went on in spite of its failure: it does not count against its stage. */
  readonly isForgiven?: boolean
}

/** What a gateway last said, as far as a roll-out cares. */
export interface Word {
  readonly receivedMs: number
  /** What became of the last message of the roll-out's type. */
  readonly last?: DirectiveAnswer
  /** Whether what was sent is what it has: this very counter in force, or this very version running. */
  readonly hasTarget: boolean
  readonly isMeterGood: boolean
  readonly isClockTrusted: boolean
}

export type Judgement =
  | { readonly state: 'sent'; readonly goodSinceMs?: number }
  | { readonly state: 'good'; readonly goodSinceMs: number }
  | { readonly state: 'failed'; readonly reason: string }

/**
 * What is to be thought of a gateway that was told. Only what it said after that counts, and it is well only if it said so
 * twice, the soak time apart, and nothing else between.
 */
export function judgeTarget(plan: RolloutPlan, target: Target, word: Word | undefined, nowMs: number): Judgement {
  const { counter = 0, sentMs = nowMs } = target
  const news = word !== undefined && word.receivedMs > sentMs ? word : undefined
  if (news?.last?.counter === counter) {
    const { is, reason } = news.last
    if (is === 'refused' || is === 'rolled-back') return { state: 'failed', reason: `${is}: ${reason ?? 'no reason'}` }
  }
  // a larger counter that is not ours: somebody else speaks with the utility's key
  if (news?.last !== undefined && news.last.counter > counter) {
    return { state: 'failed', reason: `overtaken: it was told number ${news.last.counter} meanwhile` }
  }
  const isWell =
    news?.last?.counter === counter &&
    news.last.is === 'applied' &&
    news.hasTarget &&
    news.isMeterGood &&
    news.isClockTrusted
  if (isWell) {
    const goodSinceMs = target.goodSinceMs ?? news.receivedMs
    if (news.receivedMs - goodSinceMs >= plan.soakMs) return { state: 'good', goodSinceMs }
    if (nowMs - sentMs < plan.deadlineMs) return { state: 'sent', goodSinceMs }
    return { state: 'failed', reason: 'it was not well for long enough before the deadline' }
  }
  if (nowMs - sentMs < plan.deadlineMs) return { state: 'sent' }
  return { state: 'failed', reason: unwell(news, counter) }
}

function unwell(news: Word | undefined, counter: number): string {
  if (news === undefined) return 'silent until the deadline'
  if (news.last?.counter !== counter) return 'it speaks, and has not taken what it was sent'
  if (news.last.is !== 'applied' || !news.hasTarget) return 'it has not come to an end with it'
  return news.isMeterGood ? 'its clock is not to be trusted' : 'its meter cannot be read'
}

export type NextStep =
  /** Tell these now: the whole of the next stage. */
  | { readonly step: 'send'; readonly stage: number; readonly sites: readonly string[] }
  /** The stage is under way. */
  | { readonly step: 'wait'; readonly stage: number }
  /** More of the stage failed than may. Nobody else is told. */
  | { readonly step: 'stop'; readonly stage: number; readonly reason: string }
  | { readonly step: 'done' }

/** What a running roll-out does next: a stage begins when all of the one before have ended, and not too many badly. */
export function nextStep(plan: RolloutPlan, targets: readonly Target[]): NextStep {
  let from = 0
  for (const [stage, size] of plan.stages.entries()) {
    const members = targets.slice(from, from + size)
    from += size
    const failed = members.filter(({ state, isForgiven }) => state === 'failed' && !isForgiven).length
    if (failed * 1000 > plan.thresholdPermille * size) {
      return { step: 'stop', stage, reason: `${failed} of the ${size} gateways of stage ${stage + 1} failed` }
    }
    const waiting = members.filter(({ state }) => state === 'waiting').map(({ site }) => site)
    if (waiting.length > 0) return { step: 'send', stage, sites: waiting }
    if (members.some(({ state }) => state === 'sent')) return { step: 'wait', stage }
  }
  return { step: 'done' }
}

/** How far each stage reaches: a number of gateways, or a share of all in thousandths. */
export type Reach = { readonly count: number } | { readonly permille: number }

/** Reads `1,5%,25%,100%`; undefined where it is something else, grows nowhere, or does not reach all. */
export function parseStages(text: string): readonly Reach[] | undefined {
  const reaches = text.split(',').map((part): Reach | undefined => {
    const [, count, share] = /^(?:([1-9]\d{0,6})|(\d{1,3}(?:\.\d)?)%)$/.exec(part.trim()) ?? []
    if (count !== undefined) return { count: Number(count) }
    const permille = Math.round(Number(share) * 10)
    return share !== undefined && permille > 0 && permille <= 1000 ? { permille } : undefined
  })
  const last = reaches.at(-1)
  const reachesAll = last !== undefined && 'permille' in last && last.permille === 1000
  return reachesAll && reaches.every((reach) => reach !== undefined) ? reaches : undefined
}

/**
 * The sizes of the stages for so many gateways. Each reaches as far as it says, a share rounded up; one that reaches no
 * further than the one before is none.
 */
export function stageSizes(reaches: readonly Reach[], all: number): readonly number[] {
  const sizes: number[] = []
  let reached = 0
  for (const reach of reaches) {
    const upTo = Math.min(all, 'count' in reach ? reach.count : Math.ceil((all * reach.permille) / 1000))
    if (upTo <= reached) continue
    sizes.push(upTo - reached)
    reached = upTo
  }
  return sizes
}

/**
 * The order in which gateways are told: by a hash of what is rolled out and the site, so that a stage is spread over
 * streets, makes and installers however the manifest was sorted, that no house is the first each time, and that a preview
 * shows what will be done.
 */
export function spread<T extends { readonly site: string }>(all: readonly T[], seed: string): readonly T[] {
  const keyed = all.map((one) => ({ one, key: toHex(sha256(Buffer.from(`${seed}\n${one.site}`, 'utf8'))) }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ one }) => one)
}

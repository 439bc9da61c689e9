import type {
  Command,
  CommandMessage,
  ConfigMessage,
  Directive,
  DirectiveAnswer,
  SignedRelease,
} from '@wattfleet/protocol'

/** What the utility told this gateway and what became of it: everything that must outlive a power cut. */
export interface RemoteState {
  /** Whom it was said to: key, hex, and epoch. Under another key, or in another epoch, none of it counts. */
  readonly gateway: string
  readonly epoch: number
  /** The configuration that has proven itself. */
  readonly kept?: { readonly counter: number; readonly settings: Settings }
  /** The one that is in force and has not yet. */
  readonly trial?: Trial
  readonly lastConfig?: DirectiveAnswer
  readonly lastCommand?: DirectiveAnswer
  /** A command that is under way. */
  readonly job?: Job
}

export type Settings = Readonly<Record<string, unknown>>

export interface Trial {
  readonly counter: number
  readonly settings: Settings
  readonly trialS: number
  /** Whether the meter could be read before: only then is it the configuration's fault when it cannot be now. */
  readonly meterWasGood: boolean
  /** How often the process was started with it: each start means that it ended before the trial did. */
  readonly starts: number
}

export interface Job {
  readonly counter: number
  readonly expiresAt: number
  readonly command: Command
  /** Whether the archive of an update is there and the updater was told. */
  readonly isHandedOver: boolean
}

/** A power cut may fall into a trial; a process that dies twice in it does so because of it. */
export const MOST_STARTS = 2

export function emptyRemote(gateway: string, epoch: number): RemoteState {
  return { gateway, epoch }
}

/** What a directive is to this gateway: to be done, there already, or not to be listened to. */
export type Verdict = 'fresh' | 'known' | 'foreign' | 'replayed' | 'expired'

/** `nowS`: the gateway's clock, which may be wrong: what keeps a replay out is the counter, the expiry only what is late. */
export function judge(state: RemoteState, last: DirectiveAnswer | undefined, said: Directive, nowS: number): Verdict {
  if (said.gateway !== state.gateway || said.epoch !== state.epoch) return 'foreign'
  const { counter = 0 } = last ?? {}
  if (said.counter === counter) return 'known'
  if (said.counter < counter) return 'replayed'
  return nowS >= said.expiresAt ? 'expired' : 'fresh'
}

const LATE = 'it came too late'

/**
 * What a configuration makes of the state; the same state where it is not to be listened to. `mistake` says what is wrong
 * with its settings, if anything is. One that is taken is in force from here on, on trial; what had proven itself stays.
 */
export function takeConfig(
  state: RemoteState,
  said: ConfigMessage,
  nowS: number,
  isMeterGood: boolean,
  mistake: (settings: Settings) => string | undefined,
): RemoteState {
  const verdict = judge(state, state.lastConfig, said, nowS)
  if (verdict !== 'fresh' && verdict !== 'expired') return state
  const { counter, settings, trialS } = said
  const reason = verdict === 'expired' ? LATE : mistake(settings)
  if (reason !== undefined) return answered(state, { counter, is: 'refused', reason })
  const meterWasGood = isMeterGood || state.trial?.meterWasGood === true
  const trial = { counter, settings, trialS, meterWasGood, starts: 0 }
  return answered({ ...state, trial }, { counter, is: 'trying' })
}

/** The answers hold the counters that keep replays out: they never go back, whatever ends late. */
function answered(state: RemoteState, answer: DirectiveAnswer): RemoteState {
  return answer.counter < (state.lastConfig?.counter ?? 0) ? state : { ...state, lastConfig: answer }
}

/** The settings in force; undefined where there are none but the file's. */
export function inForce({ kept, trial }: RemoteState): { counter: number; settings: Settings } | undefined {
  return trial ?? kept
}

/** What a start of the process makes of what was under way when it ended: a restart is done, a trial goes on. */
export function atStart(before: RemoteState): RemoteState {
  const { job } = before
  const state = job?.command.name === 'restart' ? endJob(before, { counter: job.counter, is: 'applied' }) : before
  if (state.trial === undefined) return state
  const starts = state.trial.starts + 1
  if (starts >= MOST_STARTS) return rollBack(state, 'the process ended twice while it was tried')
  return { ...state, trial: { ...state.trial, starts } }
}

/** The time of the trial is over: it is kept if it did no harm. */
export function endTrial(state: RemoteState, isMeterGood: boolean): RemoteState {
  const { trial } = state
  if (trial === undefined) return state
  if (trial.meterWasGood && !isMeterGood) return rollBack(state, 'the meter could be read before, and not with it')
  const { trial: _, ...rest } = state
  const { counter, settings } = trial
  return answered({ ...rest, kept: { counter, settings } }, { counter, is: 'applied' })
}

/** Puts what had proven itself in force again. */
export function rollBack(state: RemoteState, reason: string): RemoteState {
  const { trial, ...rest } = state
  if (trial === undefined) return state
  return answered(rest, { counter: trial.counter, is: 'rolled-back', reason })
}

/** The kept settings no longer fit the file, which somebody on the spot has changed: the file is the truth. */
export function dropKept(state: RemoteState, reason: string): RemoteState {
  const { kept, ...rest } = state
  if (kept === undefined) return state
  return answered(rest, { counter: kept.counter, is: 'rolled-back', reason })
}

/** The same for a command. One that was under way before it is given up: the utility wants something else now. */
export function takeCommand(state: RemoteState, said: CommandMessage, nowS: number): RemoteState {
  const verdict = judge(state, state.lastCommand, said, nowS)
  const { counter, expiresAt, command } = said
  if (verdict === 'expired') return { ...state, lastCommand: { counter, is: 'refused', reason: LATE } }
  if (verdict !== 'fresh') return state
  const job = { counter, expiresAt, command, isHandedOver: false }
  return { ...state, job, lastCommand: { counter, is: 'trying' } }
}

export function handOver(state: RemoteState): RemoteState {
  return state.job === undefined ? state : { ...state, job: { ...state.job, isHandedOver: true } }
}

/** The end of a command, if it is still the one that is under way. */
export function endJob(state: RemoteState, answer: DirectiveAnswer): RemoteState {
  if (state.job?.counter !== answer.counter) return state
  const { job: _, ...rest } = state
  return answer.counter < (state.lastCommand?.counter ?? 0) ? rest : { ...rest, lastCommand: answer }
}

/** The release of the update that is under way. */
export function releaseOf({ job }: RemoteState): SignedRelease | undefined {
  return job?.command.name === 'update' ? job.command.release : undefined
}

import type { DeviceSources, DirectiveAnswer, DirectiveType, Release, Status } from '@wattfleet/protocol'
import type { RolloutPlan, Target, TargetState } from './core/rollout.ts'
import type { Deed } from './ports.ts'

/** What a gateway last said of itself. Times are UTC Unix milliseconds of the wall's clock. */
export interface GatewayStatus {
  /** Its name on the wire. */
  readonly gateway: string
  readonly receivedMs: number
  readonly epoch: number
  /** Of its software; undefined where it is too old to say. */
  readonly version?: string
  /** The counter of the configuration from afar that is in force, 0 for none. */
  readonly config: number
  readonly lastConfig?: DirectiveAnswer
  readonly lastCommand?: DirectiveAnswer
  readonly clock: Status['clock']
  /** By how much the clock of whoever received it was ahead of the gateway's, way and all. */
  readonly clockOffsetMs: number
  readonly meter: Status['meter']
  readonly findings: readonly string[]
  /** Of the connection it was said on, where the gateway counts them. */
  readonly session?: number
  /** Whether the broker has told since that the gateway is gone. */
  readonly isAway: boolean
  /** Whose word about its devices it goes by; undefined where it is too old to say. */
  readonly devices?: DeviceSources
}

export interface StatusStore {
  /** Keeps these, each in place of the gateway's former one. */
  put(statuses: readonly GatewayStatus[]): void
  all(): GatewayStatus[]
  of(gateway: string): GatewayStatus | undefined
}

/** Words that an operator puts on gateways. */
export interface TagStore {
  /** Whether that changed anything. */
  tag(site: string, tag: string, deed: Deed): boolean
  untag(site: string, tag: string, deed: Deed): boolean
  /** By site. */
  tags(): ReadonlyMap<string, ReadonlySet<string>>
}

/** What is brought to gateways: settings upon their file, software, or that they start anew. */
export type RolloutBody =
  | { readonly kind: 'config'; readonly settings: Readonly<Record<string, unknown>> }
  | { readonly kind: 'software'; readonly release: Release }
  | { readonly kind: 'restart' }

/** By which type of message it goes: gateways count each by itself. */
export function directiveOf({ kind }: RolloutBody): DirectiveType {
  return kind === 'config' ? 'config' : 'command'
}

export const ROLLOUT_STATES = [
  'running',
  'stopped', // nobody else is told, until an operator resumes it
  'done', // every gateway has ended, well or forgiven
  'aborted', // by an operator: nobody is told, nothing is looked at any more
] as const
export type RolloutState = (typeof ROLLOUT_STATES)[number]

export interface RolloutSettings extends RolloutPlan {
  /** For how long each gateway tries a configuration, s. */
  readonly trialS: number
}

export interface RolloutRecord {
  readonly id: number
  readonly body: RolloutBody
  readonly plan: RolloutSettings
  readonly state: RolloutState
  readonly reason: string | undefined
  readonly createdMs: number
  /** The roll-out that this one takes back. */
  readonly undoes: number | undefined
}

export interface TargetRecord extends Target {
  /** When its gateway was last heard, if ever. */
  readonly heardMs: number | undefined
  /** What this gateway is sent, where that is not the roll-out's. */
  readonly body: RolloutBody | undefined
  /** What was in force before, as far as is known here; undefined while it waits. */
  readonly former: RolloutBody | undefined
}

export interface RolloutDraft {
  readonly body: RolloutBody
  readonly plan: RolloutSettings
  /** In the order in which they are told. */
  readonly targets: readonly { readonly site: string; readonly body?: RolloutBody }[]
  readonly undoes?: number
}

/** What one look at a roll-out has decided. */
export interface RolloutStep {
  readonly id: number
  /** Targets that are something else now. */
  readonly judged: readonly (Pick<Target, 'site' | 'goodSinceMs' | 'reason'> & { readonly state: TargetState })[]
  /** Sites that are told from now on. Each gets the next counter of its type, above `least`, which is what it said itself. */
  readonly told: readonly { readonly site: string; readonly least: number }[]
  readonly state?: RolloutState
  readonly reason?: string
}

/** Every method is one transaction, durable when it returns, with its entries in the audit log. */
export interface RolloutStore {
  /** Throws Fault `enrolment` naming the gateways that another roll-out of the type is not done with. */
  create(draft: RolloutDraft, deed: Deed): RolloutRecord
  list(): RolloutRecord[]
  /** Those that run or were stopped. */
  open(): RolloutRecord[]
  find(id: number): RolloutRecord | undefined
  /** In the order in which they are told. */
  targets(id: number): TargetRecord[]
  advance(step: RolloutStep, deed: Deed): void
  /** An operator goes on in spite of what failed. */
  forgive(id: number, deed: Deed): void
}

/** The way to gateways. */
export interface FleetLink {
  readonly isUp: boolean
  /** Hands a sealed message to the broker; whether it took it. What became of it the gateway's status says. Never rejects. */
  send(gateway: string, type: DirectiveType, payload: Uint8Array): Promise<boolean>
}

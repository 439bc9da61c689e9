import type {
  BalanceNotice,
  DirectiveAnswer,
  DirectiveType,
  DownKind,
  EnrolmentGrant,
  EnrolmentRequest,
  Outcome,
  ProvenRequest,
  Receipt,
  RenewalRefusal,
  RenewalRequest,
  SettlementNotice,
  Side,
  SignedMessage,
  SignedRelease,
  Status,
  TradeNotice,
  UpKind,
} from '@wattfleet/protocol'
import type { OrderRecord } from './core/position.ts'
import type { GridPower } from './core/reading.ts'
import type { MeterTrack, SlotEnergy } from './core/slot-energy.ts'

/** The grid meter: both counters and the power, at one moment. */
export interface MeterReading extends GridPower {
  readonly atMs: number
  /** Cumulative, Wh. */
  readonly importWh: number
  readonly exportWh: number
  /** The smallest step of the counters at this height, Wh. */
  readonly stepWh: number
  /** Each phase, W, drawn from the grid is positive; where the meter shows them. */
  readonly phasesW?: readonly number[]
}

export interface GridMeter {
  /** The reading; undefined where any of its values is missing, whatever the reason. Never rejects because of the device. */
  read(signal: AbortSignal): Promise<MeterReading | undefined>
}

export interface SunSource {
  /** What the inverter feeds into the house now, W; undefined where it does not say. */
  readSunW(signal: AbortSignal): Promise<number | undefined>
}

/** A message before it has a sequence and a signature. */
export type Draft =
  | {
      readonly type: 'order'
      readonly side: Side
      readonly slotStart: number
      readonly energyWh: number
      readonly priceMicro: number
      readonly energyTypes: number
    }
  | { readonly type: 'cancel'; readonly target: number }
  | { readonly type: 'energy'; readonly slot: SlotEnergy }

/** Makes the signed bytes of a draft. `previous` is the hash of the last energy message of this epoch. */
export type Seal = (draft: Draft, sequence: number, previous: Uint8Array) => SignedMessage

/** A signed message for which there is no receipt yet. */
export interface PendingMessage {
  readonly sequence: number
  readonly kind: 'order' | 'cancel' | 'energy'
  readonly signed: SignedMessage
  /** SHA-256 of the bytes, hex: what a receipt names. */
  readonly hash: string
}

export type Notice =
  | { readonly kind: 'outcome'; readonly value: Outcome }
  | { readonly kind: 'trade'; readonly value: TradeNotice }
  | { readonly kind: 'settlement'; readonly value: SettlementNotice }
  | { readonly kind: 'balance'; readonly value: BalanceNotice }

/** What the hub said, its signature verified. */
export type HubWord = { readonly kind: 'receipt'; readonly value: Receipt } | Notice

/**
 * `applied`; `known`: nothing new, a duplicate or about something forgotten; `gap`: a notice before it is missing;
 * `postponed`: the hub asks for the same bytes again later.
 */
export type Effect = 'applied' | 'known' | 'gap' | 'postponed'

/** What one transaction makes durable. */
export interface Batch {
  readonly drafts?: readonly Draft[]
  readonly track?: MeterTrack
  /** The clock when this was written: after a restart nothing is signed before it. */
  readonly nowMs: number
}

/**
 * Everything that must outlive a power cut. Each call is one synchronous transaction: when it returns, its effect is on
 * the disk, all of it; when the process dies before, none of it is. Throws Fault `store`.
 */
export interface Outbox {
  /** Gives each draft the next sequence, signs it and keeps it until its receipt. A sequence is never given twice. */
  commit(batch: Batch): readonly PendingMessage[]
  /** Applies what the hub said, in order; one effect for each. */
  hear(words: readonly HubWord[]): readonly Effect[]
  /** Messages without a receipt, by sequence, at most `limit`. */
  pending(limit: number): readonly PendingMessage[]
  /** Own orders of every epoch for slots that start at or after this second. */
  orders(fromSlotStart: number): readonly OrderRecord[]
  /** The last notice applied: all before it are applied too. */
  lastNotice(): number
  track(): MeterTrack | undefined
  /** A number for the next connection: higher than all before it, also those before a power cut. */
  nextSession(): number
  /** The largest `nowMs` ever committed, 0 at first. */
  clockFloorMs(): number
  /** Forgets what is settled and of slots before this second; messages without a receipt stay. */
  prune(beforeSlotStart: number): void
  close(): void
}

/** One live connection to the broker. */
export interface Session {
  /** Hands a payload to the broker. What becomes of it only a receipt can tell. */
  publish(kind: UpKind, payload: Uint8Array): void
}

export interface LinkEvents {
  /** Asked before each try to connect: what the broker is to say as this gateway's status if the connection just ends. */
  opening(): Uint8Array | undefined
  up(session: Session): void
  down(reason: string): void
  message(kind: DownKind, payload: Uint8Array): void
}

export interface Link {
  /** Keeps connected, by itself, until aborted. Never rejects because of the network. */
  run(events: LinkEvents, signal: AbortSignal): Promise<void>
}

/** Runs a job at the start of every slot. */
export interface Scheduler {
  /** Returns when aborted. A slot that begins while the process sleeps or is busy is skipped, not caught up. */
  everySlot(slotLengthS: number, job: (slotStart: number) => void, signal: AbortSignal): Promise<void>
}

export interface EnrolmentService {
  /** Rejects with Fault `enrolment` (refused) or `transport`; `retryable` says whether to ask again. */
  enrol(request: EnrolmentRequest, signal: AbortSignal): Promise<EnrolmentGrant>
}

/** What the utility answers to a renewal; a refusal is one in the contract's words. */
export type RenewalRefused = { readonly ok: false; readonly error: RenewalRefusal['error']; readonly message: string }

/** Rejects with Fault `enrolment`, `protocol` or `transport`; `retryable` says whether to ask again. */
export interface RenewalService {
  renew(
    request: RenewalRequest,
    signal: AbortSignal,
  ): Promise<{ readonly ok: true; readonly grant: EnrolmentGrant } | RenewalRefused>
  proven(request: ProvenRequest, signal: AbortSignal): Promise<{ readonly ok: true } | RenewalRefused>
}

/** Small files that are either there whole or not at all. */
export interface StateFiles {
  /** The text, undefined where there is no such file. Throws Fault `store`. */
  read(name: string): string | undefined
  /** Durable when it returns, readable by the owner alone. Throws Fault `store`. */
  write(name: string, text: string): void
  /** Gone, durably, when it returns; also where there was none. Throws Fault `store`. */
  remove(name: string): void
}

/** What configuration and commands from afar look at, and whom they tell. */
export interface RemoteView {
  /** When the last whole reading was, by the steady clock; minus infinity for none, undefined while nothing was tried. */
  meterGoodMs(): number | undefined
  /** Has the meter read now, however seldom that is due; resolves when it was, whatever it said. */
  askMeter(): Promise<void>
  /** There is something new to say in the status. */
  tell(): void
}

/** The utility's hand on this gateway. */
export interface Remote {
  /** Takes what came from the broker, if the utility has signed it for this gateway. What it means is durable on return. */
  hear(kind: DirectiveType, payload: Uint8Array): void
  /** What the status says of it. */
  standing(): Pick<Status, 'version' | 'config' | 'lastConfig' | 'lastCommand' | 'devices'>
  /** Runs beside the loops of the gateway. Returns when aborted, or before. */
  run(view: RemoteView, signal: AbortSignal): Promise<void>
}

/** From a release that was announced to the updater, and back. */
export interface Updates {
  /**
   * Resolves when the archive lies here and is the one. Rejects with Fault `transport` (retryable) where it cannot be had
   * now, `protocol` where what came is not the release, `store` where it cannot be kept.
   */
  fetch(release: SignedRelease, signal: AbortSignal): Promise<void>
  /** Hands the archive to the updater. Throws Fault `store`. */
  request(counter: number, release: SignedRelease): void
  /** The updater's last word. Throws Fault `store`. */
  result(): DirectiveAnswer | undefined
}

/** Where messages about the running of the gateway go. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

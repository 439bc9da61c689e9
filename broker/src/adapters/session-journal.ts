import { join } from 'node:path'
import { messageOf } from '@wattfleet/protocol'
import type { pino } from 'pino'
import type { Entry, QueuedPacket } from '../core/queues.ts'
import type { Sighting } from '../core/session-age.ts'
import type { ClientSubscription } from '../core/subscriptions.ts'
import { type ClientSighting, openDatabase, writerOf } from './session-tables.ts'

/**
 * How long changes wait for each other, ms. Nobody is told anything on the strength of a queued message: aedes acknowledges
 * before it stores, and a message that a crash takes is sent again, because it has no receipt. So one commit serves all of
 * a moment, and what was queued and acknowledged within it never touches the disk.
 */
const GATHER_MS = 50
/** 1 GiB in pages of 4 KiB. */
const MOST_PAGES = 262_144
/** What could not be written is tried again after this time, ms, also when nothing else changes: room may come from elsewhere. */
const RETRY_MS = 1_000
/** Changes of one commit: where there is room for some and not for all, those are written. */
const AT_ONCE = 1_000

/** How it stands with what has to be written. */
export interface JournalState {
  /** Changes that are not on the disk because it took none; 0 while it works. */
  readonly unwritten: number
  /** Times that writing failed. */
  readonly failures: number
}

/** Keeps what sessions are made of, changes gathered. */
export interface SessionJournal {
  load(): {
    readonly subscriptions: readonly ClientSubscription[]
    readonly entries: readonly Entry[]
    readonly retained: readonly QueuedPacket[]
    readonly seen: readonly ClientSighting[]
  }
  saw(clientId: string, sighting: Sighting): void
  forgot(clientId: string): void
  subscribed(subscription: ClientSubscription): void
  unsubscribed(clientId: string, topic: string): void
  queued(entry: Entry): void
  dequeued(entry: Entry): void
  retained(packet: QueuedPacket & { readonly topic: string }): void
  /** Resolves when what was changed so far is on the disk, or when a try to write it failed: it is tried again until it can. */
  flushed(): Promise<void>
  state(): JournalState
  close(): void
}

/** Opens the journal in this folder, making both on first use. Throws Fault `store`. */
export function openSessionJournal(dir: string, log: pino.Logger, mostPages = MOST_PAGES): SessionJournal {
  const path = join(dir, 'sessions.sqlite')
  const db = openDatabase(dir, path, mostPages)
  const write = writerOf(db)
  const changes = pendingChanges()
  const onDisk = new Set<number>()
  let failures = 0
  let isFailing = false
  let timer: NodeJS.Timeout | undefined
  let waiting: (() => void)[] = []

  const commit = db.transaction((some: readonly Change[]) => {
    for (const { run } of some) run()
  })

  /** What makes room goes first and by itself: a full file takes it, and then it has room for the others. */
  function writeAll(): void {
    for (const kind of ['drop', 'put'] as const) {
      for (const some of piecesOf(changes.all(), kind)) {
        commit.immediate(some)
        for (const change of some) changes.done(change)
      }
    }
  }

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    try {
      writeAll()
      if (isFailing) log.info({ path }, 'sessions are stored again')
      isFailing = false
    } catch (error) {
      failures += 1
      const about = { path, unwritten: changes.size(), error: messageOf(error) }
      if (!isFailing) log.error(about, 'sessions cannot be stored now: a crash would lose what is not written')
      isFailing = true
      timer = setTimeout(flush, RETRY_MS).unref()
    }
    const told = waiting
    waiting = []
    for (const tell of told) tell()
  }

  function soon(): void {
    if (isFailing) return // its next try is coming
    timer ??= setTimeout(flush, GATHER_MS)
  }

  /** While it fails a try costs as much as a commit: the first who waits brings the next one forward, for all. */
  function sooner(): void {
    if (waiting.length > 1) return
    clearTimeout(timer)
    timer = setTimeout(flush, GATHER_MS)
  }

  function later(key: string, kind: Change['kind'], run: () => void): void {
    changes.set(key, { key, kind, run })
    soon()
  }

  return {
    load() {
      const entries = write.loadQueue()
      for (const { id } of entries) onDisk.add(id)
      return {
        subscriptions: write.loadSubscriptions(),
        entries,
        retained: write.loadRetained(),
        seen: write.loadSeen(),
      }
    },
    saw: (clientId, sighting) => later(`c ${clientId}`, 'put', () => write.see(clientId, sighting)),
    forgot: (clientId) => later(`c ${clientId}`, 'drop', () => write.unsee(clientId)),
    subscribed(subscription) {
      const key = `s ${subscription.clientId} ${subscription.topic}`
      later(key, 'put', () => write.subscribe(subscription))
    },
    unsubscribed(clientId, topic) {
      later(`s ${clientId} ${topic}`, 'drop', () => write.unsubscribe(clientId, topic))
    },
    retained(packet) {
      const isGone = packet.payload === undefined || packet.payload.length === 0
      const run = () => (isGone ? write.forget(packet.topic) : write.retain(packet))
      later(`r ${packet.topic}`, isGone ? 'drop' : 'put', run)
    },
    queued(entry) {
      later(`q ${entry.id}`, 'put', () => {
        write.enqueue(entry)
        onDisk.add(entry.id)
      })
    },
    dequeued({ id }) {
      if (onDisk.has(id)) {
        later(`q ${id}`, 'drop', () => {
          write.dequeue(id)
          onDisk.delete(id)
        })
      } else changes.drop(`q ${id}`)
    },
    flushed: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        if (isFailing) sooner()
        else soon()
      }),
    state: () => ({ unwritten: isFailing ? changes.size() : 0, failures }),
    close() {
      flush()
      clearTimeout(timer)
      db.close()
    },
  }
}

/** One row that is to be another. */
interface Change {
  readonly key: string
  /** Whether it makes room or takes it. */
  readonly kind: 'drop' | 'put'
  run(): void
}

/** The last change of each row that is not written yet, in the order in which the rows changed first. */
function pendingChanges() {
  const pending = new Map<string, Change>()
  return {
    set: (key: string, change: Change) => void pending.set(key, change),
    drop: (key: string) => void pending.delete(key),
    done: (change: Change) => void (pending.get(change.key) === change && pending.delete(change.key)),
    all: () => pending.values(),
    size: () => pending.size,
  }
}

/** Piece by piece as they are taken: where the first does not fit, the others cost nothing. */
function* piecesOf(all: Iterable<Change>, kind: Change['kind']): Generator<Change[]> {
  let some: Change[] = []
  for (const change of all) {
    if (change.kind !== kind) continue
    some.push(change)
    if (some.length < AT_ONCE) continue
    yield some
    some = []
  }
  if (some.length > 0) yield some
}

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Clock,
  type DirectiveAnswer,
  Fault,
  fromHex,
  messageOf,
  parseObject,
  reasonOf,
  writeFileAtomic,
} from '@wattfleet/protocol'
import type { Log } from '../ports.ts'
import type { UpdaterConfig } from './config.ts'
import { archiveName, HEALTH, parseHealth, parseUpdateRequest, REQUEST, RESULT, UPDATES } from './hand-over.ts'
import { currentVersion, prune, run, switchTo, unpack } from './releases.ts'

const JOURNAL = 'update.json'
/** How often the new agent is looked at. */
const LOOK_MS = 500
/** The updater may be cut off while it watches; when that happens again, it was hardly by chance. */
const MOST_TRIES = 2

/** The update that is under way, kept from before the switch to after the last word on it. */
interface Journal {
  readonly counter: number
  readonly version: string
  /** What is gone back to. */
  readonly former: string | undefined
  readonly tries: number
  /** Set when it is decided that it goes back, and why. */
  readonly back?: string
}

/**
 * Takes the update that the agent asks for, if any, to its end: unpacked, switched to, and kept if the new agent says in
 * time that it is well and stays so; else the former one runs again. Cut off anywhere, it goes on from its journal when it
 * is started again. `steady`: real time. Resolves when there is nothing left to do, or when aborted.
 */
export async function runUpdate(config: UpdaterConfig, steady: Clock, log: Log, signal: AbortSignal): Promise<void> {
  const { root } = config
  const begun = readJournal(root) ?? (await begin(config, log))
  if (begun === undefined) return
  const journal = begun.tries >= MOST_TRIES ? { ...begun, back: 'the updater was cut off twice' } : begun
  const reason = journal.back ?? (await tryOut(config, journal, steady, log, signal))
  // cut off: the next start goes on
  if (reason === 'aborted') return
  if (reason !== undefined) await goBack(config, { ...journal, back: reason }, log)
  else {
    log.info({ version: journal.version }, 'the new software is well')
    finish(config, { counter: journal.counter, is: 'applied' })
    prune(root, [journal.version, journal.former])
  }
}

/** Unpacks what is asked for; undefined where nothing is, or what is asked for is refused. */
async function begin(config: UpdaterConfig, log: Log): Promise<Journal | undefined> {
  const { root, stateDir } = config
  const folder = join(stateDir, UPDATES)
  const path = join(folder, REQUEST)
  if (!existsSync(path)) return undefined
  const request = parseUpdateRequest(readFileSync(path, 'utf8'))
  if (request === undefined) {
    log.error({ path }, 'is no request: it is removed')
    rmSync(path)
    return undefined
  }
  const { counter, release } = request
  const former = currentVersion(root)
  log.info({ version: release.version, former }, 'an update')
  try {
    if (release.version === former) throw new Fault('protocol', `version ${former} is in force already`)
    await unpack(root, join(folder, archiveName(release)), release, utilityKeyOf(config))
  } catch (error) {
    log.error({ error: messageOf(error) }, 'the update is refused')
    finish(config, { counter, is: 'refused', reason: reasonOf(messageOf(error)) })
    return undefined
  }
  return keep(root, { counter, version: release.version, former, tries: 0 })
}

function utilityKeyOf({ utilityKey, stateDir }: UpdaterConfig): Uint8Array {
  const named = utilityKey ?? grantIn(stateDir)?.utilityKey
  const key = typeof named === 'string' ? fromHex(named, 32) : undefined
  if (key === undefined) {
    throw new Fault(
      'protocol',
      `neither the configuration nor the agent's grant in ${stateDir} names the utility's key`,
    )
  }
  return key
}

/** The agent's grant in force: the renewed one, where it goes on from the one of the enrolment. */
function grantIn(stateDir: string): Readonly<Record<string, unknown>> | undefined {
  const read = (name: string) => {
    const path = join(stateDir, name)
    return existsSync(path) ? parseObject(readFileSync(path, 'utf8')) : undefined
  }
  const [first, renewed] = [read('grant.json'), asObject(read('renewed.json')?.grant)]
  const isNext = renewed !== undefined && renewed.gateway === first?.gateway && renewed.epoch === first?.epoch
  return isNext ? renewed : first
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
}

/** Runs the new agent and watches it: undefined where it is well, else why not; `aborted` when cut off. */
async function tryOut(
  config: UpdaterConfig,
  journal: Journal,
  steady: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { root, stateDir, deadlineS, steadyS } = config
  keep(root, { ...journal, tries: journal.tries + 1 })
  // what the former agent said of itself must not be taken for the new one's word
  rmSync(join(stateDir, HEALTH), { force: true })
  switchTo(root, journal.version)
  try {
    await run(config.restart)
  } catch (error) {
    return messageOf(error)
  }
  log.info({ version: journal.version, deadlineS }, 'switched: waiting for the new agent to be well')
  const deadlineMs = steady.nowMs() + deadlineS * 1000
  let well: { readonly pid: number; readonly sinceMs: number } | undefined
  while (!signal.aborted) {
    const health = readHealth(stateDir)
    const pid = health?.version === journal.version && isAlive(health.pid) ? health.pid : undefined
    if (pid === undefined) well = undefined
    else if (pid !== well?.pid) well = { pid, sinceMs: steady.nowMs() }
    if (well !== undefined && steady.nowMs() - well.sinceMs >= steadyS * 1000) return undefined
    if (steady.nowMs() >= deadlineMs) {
      return health === undefined ? `it was not up within ${deadlineS} s` : `it did not stay up within ${deadlineS} s`
    }
    await steady.until(steady.nowMs() + LOOK_MS, signal)
  }
  return 'aborted'
}

/** Runs the former agent again. Repeated after a cut it does the same. */
async function goBack(config: UpdaterConfig, journal: Journal, log: Log): Promise<void> {
  const { root } = config
  const { counter, version, former, back = '' } = keep(root, journal)
  log.error({ version, former, reason: back }, 'the new software is not well: going back')
  if (former !== undefined) {
    switchTo(root, former)
    await run(config.restart).catch((error: unknown) => {
      log.error({ error: messageOf(error) }, 'the former agent could not be started')
    })
  }
  finish(config, { counter, is: former === undefined ? 'refused' : 'rolled-back', reason: reasonOf(back) })
  if (former !== undefined) prune(root, [former])
}

/** The last word on an update. The journal goes last: until then all of this is done again after a cut. */
function finish({ root, stateDir }: UpdaterConfig, answer: DirectiveAnswer): void {
  const folder = join(stateDir, UPDATES)
  mkdirSync(folder, { recursive: true })
  writeFileAtomic(join(folder, RESULT), `${JSON.stringify(answer)}\n`)
  rmSync(join(folder, REQUEST), { force: true })
  rmSync(join(root, JOURNAL), { force: true })
}

function keep(root: string, journal: Journal): Journal {
  mkdirSync(root, { recursive: true })
  writeFileAtomic(join(root, JOURNAL), `${JSON.stringify(journal)}\n`)
  return journal
}

function readJournal(root: string): Journal | undefined {
  const path = join(root, JOURNAL)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Journal) : undefined
}

function readHealth(stateDir: string) {
  const path = join(stateDir, HEALTH)
  return existsSync(path) ? parseHealth(readFileSync(path, 'utf8')) : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // it is there, and of somebody else
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return !isZombie(pid)
}

/** proc(5), /proc/pid/stat: the state follows the name, which is in parentheses and may hold any of them. */
function isZombie(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/, ''))
  } catch {
    return false
  }
}

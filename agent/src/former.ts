import { Fault, fromHex, parseObject, sha256, toHex } from '@wattfleet/protocol'
import type { Log, StateFiles } from './ports.ts'

/** SHA-256 of the claim that keys and grant came by. */
const CLAIMED = 'claimed.json'
/** Whose outbox this is, while another grant is asked for. */
const FORMER = 'former.json'
/** Orders, readings and settlements of a household: SQLite keeps a file in three. */
const HOUSEHOLD = ['outbox.sqlite', 'outbox.sqlite-wal', 'outbox.sqlite-shm'] as const

/**
 * A gateway that is given another claim begins afresh: its keys are dead, or were another household's. What was before is
 * gone before anybody is asked; whoever dies on the way goes the same way again. A claim that is not there changes nothing:
 * it may be taken away once it was used. `own` are the files of the enrolment, the grant first.
 */
export function beginAfresh(files: StateFiles, own: readonly string[], claim: string | undefined, log: Log): void {
  if (claim === undefined) return
  const hash = hashOf(claim)
  const known = textIn(files, CLAIMED, 'claim')
  if (known === hash) return
  if (known !== undefined) {
    const [grant = ''] = own
    const gateway = textIn(files, grant, 'gateway')
    if (gateway !== undefined) files.write(FORMER, JSON.stringify({ gateway }))
    for (const name of own) files.remove(name)
    log.warn({ former: gateway }, 'there is another claim: this gateway enrols anew, with other keys')
  }
  // of a state from before this was kept: it is taken to be of the claim that is there
  files.write(CLAIMED, JSON.stringify({ claim: hash }))
}

/** Whether this is another claim than the one that keys and grant came by, as far as that is known. Throws Fault `store`. */
export function isAnotherClaim(files: StateFiles, claim: string | undefined): boolean {
  const known = claim === undefined ? undefined : textIn(files, CLAIMED, 'claim')
  return claim !== undefined && known !== undefined && known !== hashOf(claim)
}

function hashOf(claim: string): string {
  return toHex(sha256(fromHex(claim, 32) ?? new Uint8Array(32)))
}

/**
 * Leaves behind what is not of the household that this name on the wire is of: nothing of a former one is shown or sent
 * under the next. To be called before the grant is kept; `settled` after it.
 */
export function leaveBehind(files: StateFiles, gateway: string, log: Log): { settled(): void } {
  const former = textIn(files, FORMER, 'gateway')
  if (former !== undefined && former !== gateway) {
    for (const name of HOUSEHOLD) files.remove(name)
    log.warn({ former, gateway }, 'it is of another household now: what it kept of the former one is removed')
  }
  return { settled: () => former !== undefined && files.remove(FORMER) }
}

function textIn(files: StateFiles, name: string, field: string): string | undefined {
  const text = files.read(name)
  if (text === undefined) return undefined
  const value = parseObject(text)?.[field]
  if (typeof value !== 'string') throw new Fault('store', `${name} is damaged: expected ${field}`)
  return value
}

import { parseObject } from './down/envelope.ts'
import { allOf, hex, natural } from './down/fields.ts'

/*
 * What the broker says in a gateway's name, on the topic of its statuses, when a connection ends without a word: the will
 * that the gateway left when it connected (MQTT 3.1.1, 3.1.2.5).
 *
 * Each connection is a session with a number of its own, which only grows; each status carries it. A will may come late:
 * a broker notices a dead connection after the gateway has long connected again. Its number tells such a stale death.
 */

export interface Death {
  /** Public key in force, hex. */
  readonly gateway: string
  readonly epoch: number
  readonly session: number
}

export function encodeDeath({ gateway, epoch, session }: Death): Uint8Array {
  return Buffer.from(JSON.stringify({ gateway, epoch, session, gone: true }), 'utf8')
}

/** The death in this payload; undefined for anything else, a status too. */
export function decodeDeath(payload: Uint8Array): Death | undefined {
  const body = parseObject(Buffer.from(payload).toString('utf8'))
  if (body?.gone !== true) return undefined
  return allOf({
    gateway: hex(body, 'gateway', 32),
    epoch: natural(body, 'epoch'),
    session: natural(body, 'session'),
  })
}

/** What is known of one gateway's connection. */
export interface Presence {
  readonly epoch: number
  readonly session: number
  readonly isGone: boolean
}

/** What was heard of it; a status of an older program has no session. */
export interface Heard {
  readonly epoch: number
  readonly session?: number
  readonly isGone: boolean
}

/**
 * What is known after a status or a death. A session that is over does not come back, so the highest (epoch, session) ever
 * heard decides, whatever the order in which it was heard and how often: it is gone as soon as its death was heard, and
 * whatever is said of a lower one is stale and changes nothing. A status without a session, of a program that leaves no
 * will, always says that the gateway is there.
 */
export function presenceAfter(known: Presence | undefined, { epoch, session, isGone }: Heard): Presence {
  if (session === undefined) {
    if (known !== undefined && known.epoch > epoch) return known
    return { epoch, session: known?.epoch === epoch ? known.session : 0, isGone: false }
  }
  const heard = { epoch, session, isGone }
  if (known === undefined) return heard
  const step = epoch - known.epoch || session - known.session
  if (step === 0) return { ...heard, isGone: isGone || known.isGone }
  return step > 0 ? heard : known
}

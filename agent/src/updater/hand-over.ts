import { isRelease, parseObject, type SignedRelease } from '@wattfleet/protocol'

/*
 * Agent and updater share the folder `updates` in the agent's state folder, and `health.json` beside it:
 *
 *   updates/<sha256>.tgz   the archive, fetched by the agent
 *   updates/request.json   { counter, release }: by the agent, when the archive is there
 *   updates/result.json    { counter, is, reason }: by the updater, what became of it
 *   health.json            { version, pid }: by the agent, once it is connected and has asked its meter
 */
export const UPDATES = 'updates'
export const REQUEST = 'request.json'
export const RESULT = 'result.json'
export const HEALTH = 'health.json'

export function archiveName({ sha256 }: SignedRelease): string {
  return `${sha256}.tgz`
}

export interface UpdateRequest {
  readonly counter: number
  readonly release: SignedRelease
}

export function parseUpdateRequest(text: string): UpdateRequest | undefined {
  const { counter, release } = parseObject(text) ?? {}
  return Number.isSafeInteger(counter) && isRelease(release) ? { counter: Number(counter), release } : undefined
}

/** A process of the agent that is well. */
export interface Health {
  readonly version: string
  readonly pid: number
}

export function parseHealth(text: string): Health | undefined {
  const { version, pid } = parseObject(text) ?? {}
  return typeof version === 'string' && Number.isSafeInteger(pid) && Number(pid) > 0
    ? { version, pid: Number(pid) }
    : undefined
}

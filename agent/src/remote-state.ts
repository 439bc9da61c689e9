import {
  ANSWERS,
  checkConfig,
  Fault,
  isRelease,
  MOST_REASON_CHARACTERS,
  messageOf,
  type SignedRelease,
} from '@wattfleet/protocol'
import { z } from 'zod'
import { emptyRemote, type RemoteState } from './core/remote.ts'
import type { StateFiles } from './ports.ts'

const FILE = 'remote.json'

const counter = z.int().min(0)
const settings = z.record(z.string(), z.unknown())
const answer = z.strictObject({
  counter,
  is: z.enum(ANSWERS),
  reason: z.string().max(MOST_REASON_CHARACTERS).exactOptional(),
})
const release = z.custom<SignedRelease>(isRelease)
const command = z.union([
  z.strictObject({ name: z.literal('restart') }),
  z.strictObject({ name: z.literal('update'), release }),
])

const stateSchema: z.ZodType<RemoteState> = z.strictObject({
  gateway: z.string(),
  epoch: counter,
  kept: z.strictObject({ counter, settings }).exactOptional(),
  trial: z
    .strictObject({ counter, settings, trialS: z.number(), meterWasGood: z.boolean(), starts: counter })
    .exactOptional(),
  lastConfig: answer.exactOptional(),
  lastCommand: answer.exactOptional(),
  job: z.strictObject({ counter, expiresAt: counter, command, isHandedOver: z.boolean() }).exactOptional(),
})

/** Keeps the state in one small file that is there whole or not at all. */
export interface RemoteFile {
  load(): RemoteState
  /** Durable when it returns. Throws Fault `store`. */
  save(state: RemoteState): void
}

/**
 * `gateway` and `epoch` in force: what was told to another key, or in another epoch, is forgotten, with its counters; the
 * utility cannot repeat any of it, for it named key and epoch. Throws Fault `store` where the file is damaged: with its
 * counters lost an old message would be taken again.
 */
export function remoteFile(files: StateFiles, gateway: string, epoch: number): RemoteFile {
  return {
    load() {
      const text = files.read(FILE)
      if (text === undefined) return emptyRemote(gateway, epoch)
      const state = parse(text)
      return state.gateway === gateway && state.epoch === epoch ? state : emptyRemote(gateway, epoch)
    },
    save: (state) => files.write(FILE, JSON.stringify(state)),
  }
}

function parse(text: string): RemoteState {
  try {
    return checkConfig(JSON.parse(text), stateSchema, FILE)
  } catch (error) {
    throw new Fault('store', `${FILE} is damaged: ${messageOf(error)}`, { cause: error })
  }
}

import { userInfo } from 'node:os'
import type { ParseArgsOptionDescriptor } from 'node:util'
import type { ProvisioningConfig } from '../config.ts'
import type { Office } from '../office.ts'
import type { Deed, Store } from '../ports.ts'

/** What was asked for on the command line. */
export interface Asked {
  readonly config: ProvisioningConfig
  /** Opens the utility's state folder, or makes it. It is closed after the command. */
  office(): Promise<Office>
  /** The store as it is: nothing is made or changed by looking. It is closed after the command. */
  look(): Store
  /** What came after the command's name: as many as it names. */
  readonly arguments: readonly string[]
  /** The options that the command declares, and `reason`. */
  readonly options: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
  readonly nowMs: number
  readonly signal: AbortSignal
}

/** What a command prints, as JSON, and what is not well: then the exit code is 1 all the same. */
export interface Answer {
  readonly value: unknown
  readonly fault?: string
}

export interface Command {
  /** Names of what comes after the command, such as `<gateway>`. */
  readonly arguments: readonly string[]
  readonly about: string
  /** Beside those that every command takes. */
  readonly options?: Readonly<Record<string, ParseArgsOptionDescriptor>>
  /** Names of those options without which it refuses: its usage shows them so. */
  readonly needed?: readonly string[]
  /** Whether it is for a computer that has no configuration. */
  readonly isStandalone?: boolean
  run(asked: Asked): Promise<Answer>
}

/** By what is typed: one word, or two. */
export type Commands = Readonly<Record<string, Command>>

/** A command on the opened state folder. */
export function onOffice(
  given: readonly string[],
  about: string,
  body: (office: Office, asked: Asked) => unknown,
  options: Command['options'] = {},
  needed: Command['needed'] = [],
): Command {
  return {
    arguments: given,
    about,
    ...{ options, needed },
    run: async (asked) => ({ value: await body(await asked.office(), asked) }),
  }
}

/** A command that only looks at the store. */
export function onStore(
  given: readonly string[],
  about: string,
  body: (store: Store, asked: Asked) => unknown,
  options: Command['options'] = {},
): Command {
  return { arguments: given, about, options, run: async (asked) => ({ value: await body(asked.look(), asked) }) }
}

/** The n-th word after the command; there are as many as the command names. */
export function argumentOf({ arguments: given }: Asked, n = 0): string {
  return given[n] ?? ''
}

/** An operator's deed, with the reason that was given. */
export function deedOf({ options: { reason }, nowMs }: Asked): Deed {
  return { actor: `operator/${accountName()}`, ...(typeof reason === 'string' && { detail: { reason } }), atMs: nowMs }
}

/** Of whoever is at the command line; the number where the system has no name for it. */
export function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

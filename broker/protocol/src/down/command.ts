import { isRelease, type SignedRelease } from '../release.ts'
import { type Directive, directiveBody, parseDirective } from './directive.ts'
import type { Body } from './fields.ts'

/*
 * type "command" adds
 *   command   "restart": end the process, the supervisor starts it again
 *             "update": fetch and try the software that `release` describes (release.ts)
 */

export type Command = { readonly name: 'restart' } | { readonly name: 'update'; readonly release: SignedRelease }

export interface CommandMessage extends Directive {
  readonly command: Command
}

export function commandBody({ command, ...head }: CommandMessage): Body {
  const { name } = command
  return { ...directiveBody('command', head), command: name, ...(name === 'update' && { release: command.release }) }
}

export function parseCommandMessage(body: Body): CommandMessage | undefined {
  const head = parseDirective('command', body)
  if (head === undefined) return undefined
  if (body.command === 'restart') return { ...head, command: { name: 'restart' } }
  const { release } = body
  return body.command === 'update' && isRelease(release) ? { ...head, command: { name: 'update', release } } : undefined
}

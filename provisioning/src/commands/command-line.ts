import { parseArgs } from 'node:util'
import { Fault, messageOf } from '@wattfleet/protocol'
import { nearest } from '../core/nearest.ts'
import type { Asked, Command, Commands } from './command.ts'

const PROGRAM = 'wattfleet-fleet'
const WITH_CONFIG = `${PROGRAM} --config <file.json>`
const REST = `all commands: ${PROGRAM} --help`
const ANY = `usage: ${WITH_CONFIG} <command>`

const FOR_ALL = {
  config: { type: 'string' },
  reason: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies Command['options']

export type Read =
  /** What explains the program, a group of its commands, or one. */
  | { readonly help: string }
  | (Pick<Asked, 'arguments' | 'options'> & {
      readonly command: Command
      /** Path of the configuration; undefined where the command needs none. */
      readonly config: string | undefined
    })

/**
 * What a command line asks for. Options of a command stand after it, those of all anywhere. Throws Fault `config`: what is
 * wrong, the usage of that one command, and where the rest is.
 */
export function readCommandLine(argv: readonly string[], commands: Commands): Read {
  const args = [...argv]
  const { values, positionals } = parseArgs({ args, options: FOR_ALL, allowPositionals: true, strict: false })
  const name = [2, 1].map((count) => positionals.slice(0, count).join(' ')).find((one) => Object.hasOwn(commands, one))
  const command = name === undefined ? undefined : commands[name]
  if (name === undefined || command === undefined) {
    const group = groupOf(positionals[0], commands)
    if (values.help && (positionals.length === 0 || group.length > 0)) return { help: helpOf(commands, group) }
    throw new Fault('config', [mistakeIn(positionals, commands), ANY, REST].join('\n'))
  }
  const usage = usageOf(name, command)
  if (values.help) return { help: `${usage}\n${REST}\n` }
  try {
    return { command, ...readOptions(args, name.split(' ').length, command) }
  } catch (error) {
    throw new Fault('config', `${name}: ${messageOf(error)}\n${usage}\n${REST}`, { cause: error })
  }
}

/** Throws Error: what is wrong. */
function readOptions(args: string[], words: number, { options: own = {}, arguments: wanted, isStandalone }: Command) {
  const options = { ...own, ...FOR_ALL }
  const { values, positionals, tokens } = strictly(() =>
    parseArgs({ args, options, allowPositionals: true, tokens: true }),
  )
  for (const [name, { type, multiple = false }] of Object.entries<NonNullable<Command['options']>[string]>(options)) {
    const count = tokens.filter((token) => token.kind === 'option' && token.name === name).length
    if (type === 'string' && !multiple && count > 1) throw new Error(`--${name}: expected once, got ${count}`)
  }
  const { config, help: _, ...others } = values as Asked['options']
  const given = positionals.slice(words)
  if (given.length !== wanted.length) {
    throw new Error(`expected ${wanted.join(' ') || 'nothing'} after it, got ${given.join(' ') || 'nothing'}`)
  }
  if (typeof config === 'string') return { config, arguments: given, options: others }
  if (!isStandalone) throw new Error('expected --config <file.json>')
  return { config: undefined, arguments: given, options: others }
}

function strictly<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    // the rest of the message explains how to pass such a thing as a positional: nobody wants to
    throw new Error(messageOf(error).replace(/\. To specify.*$/s, ''), { cause: error })
  }
}

/** Names of the commands of two words that begin with this one. */
function groupOf(word: string | undefined, commands: Commands): string[] {
  return Object.keys(commands).filter((name) => name.startsWith(`${word} `))
}

function mistakeIn(words: readonly string[], commands: Commands): string {
  const [first, second] = words
  if (first === undefined) return 'expected a command'
  const group = groupOf(first, commands)
  if (group.length > 0) {
    const known = `${group.slice(0, -1).join(', ')} or ${group.at(-1)}`
    return second === undefined ? `expected ${known}` : `there is no command ${first} ${second}: expected ${known}`
  }
  const meant = nearest(first, Object.keys(commands))
  return `there is no command ${first}${meant === undefined ? '' : `: did you mean ${meant}?`}`
}

function usageOf(name: string, { arguments: given, about, options = {}, needed = [], isStandalone }: Command): string {
  const own = Object.entries(options).map(([option, { type, multiple = false }]) => {
    const text = `--${option}${type === 'string' ? ' <value>' : ''}`
    return `${needed.includes(option) ? text : `[${text}]`}${multiple ? '...' : ''}`
  })
  const line = [isStandalone ? PROGRAM : WITH_CONFIG, name, ...given, ...own, '[--reason <text>]'].join(' ')
  return `usage: ${line}\n  ${about}`
}

function helpOf(commands: Commands, group: readonly string[]): string {
  // two blanks at least, behind the longest too
  const lines = Object.entries(commands)
    .filter(([name]) => group.length === 0 || group.includes(name))
    .map(([name, { arguments: given, about }]) => `  ${`${[name, ...given].join(' ')}  `.padEnd(32)}${about}`)
  return `${ANY}

${lines.join('\n')}

A gateway is named by its serial, its site or its name on the wire; --reason <text> goes into the log. What a command
prints is one JSON document; <command> --help names its options. Exit codes: 0 done, 1 a fault, or what was looked at is
not well, 2 a wrong command line, configuration or manifest.
`
}

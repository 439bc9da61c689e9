import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../src/commands/all.ts'
import { readCommandLine } from '../src/commands/command-line.ts'

const said = (...argv: string[]): string => {
  try {
    return JSON.stringify(readCommandLine(argv, COMMANDS))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
const CONFIG = ['--config', 'u.json']

describe('a wrong command line', () => {
  it.each<[string, string[], string[]]>([
    [
      'without what comes after the command',
      [...CONFIG, 'reissue'],
      [
        'reissue: expected <gateway> after it, got nothing',
        'usage: wattfleet-fleet --config <file.json> reissue <gateway> [--reason <text>]',
        '  put a new claim in force, and nothing before it',
        'all commands: wattfleet-fleet --help',
      ],
    ],
    [
      'with an option that is another command’s',
      [...CONFIG, 'list', '--dry-run'],
      [
        "list: Unknown option '--dry-run'",
        'usage: wattfleet-fleet --config <file.json> list [--reason <text>]',
        '  gateways, their sites and states',
        'all commands: wattfleet-fleet --help',
      ],
    ],
    [
      'with an option that has no value',
      ['show', 'pi-1', '--config'],
      [
        "show: Option '--config <value>' argument missing",
        'usage: wattfleet-fleet --config <file.json> show <gateway> [--reason <text>]',
        '  one gateway',
        'all commands: wattfleet-fleet --help',
      ],
    ],
    [
      'with an option twice that counts once',
      [...CONFIG, 'search', '--tag', 'a', '--tag', 'b'],
      [
        'search: --tag: expected once, got 2',
        'usage: wattfleet-fleet --config <file.json> search [--text <value>] [--state <value>] [--concern <value>] [--tag <value>] [--zone <value>] [--reason <text>]',
        expect.any(String),
        'all commands: wattfleet-fleet --help',
      ],
    ],
    [
      'without a configuration',
      ['audit', 'verify', '--anchor', '1:ab'],
      [
        'audit verify: expected --config <file.json>',
        'usage: wattfleet-fleet --config <file.json> audit verify [--anchor <value>]... [--reason <text>]',
        expect.any(String),
        'all commands: wattfleet-fleet --help',
      ],
    ],
    [
      'without a command',
      CONFIG,
      [
        'expected a command',
        'usage: wattfleet-fleet --config <file.json> <command>',
        'all commands: wattfleet-fleet --help',
      ],
    ],
    [
      'with a command that is mistyped',
      [...CONFIG, 'reisue', 'pi-1'],
      [
        'there is no command reisue: did you mean reissue?',
        'usage: wattfleet-fleet --config <file.json> <command>',
        'all commands: wattfleet-fleet --help',
      ],
    ],
    [
      'with a command that a group does not have',
      [...CONFIG, 'audit', 'destroy'],
      [
        'there is no command audit destroy: expected audit list, audit head or audit verify',
        'usage: wattfleet-fleet --config <file.json> <command>',
        'all commands: wattfleet-fleet --help',
      ],
    ],
    [
      'with a name that every object has',
      [...CONFIG, 'toString'],
      [
        'there is no command toString',
        'usage: wattfleet-fleet --config <file.json> <command>',
        'all commands: wattfleet-fleet --help',
      ],
    ],
  ])('%s is told why, with the usage of that command alone', (_, argv, lines) => {
    expect(said(...argv).split('\n')).toEqual(lines)
  })
})

describe('a command line', () => {
  it('is read by its own command’s options: one may take a word where another takes none', () => {
    expect(readCommandLine([...CONFIG, 'labels', '--household', 'out.pdf'], COMMANDS)).toMatchObject({
      ...{ config: 'u.json', arguments: ['out.pdf'], options: { household: true } },
    })
    expect(readCommandLine(['transfer', 'pi-1', '--household', 'C-1', ...CONFIG], COMMANDS)).toMatchObject({
      ...{ config: 'u.json', arguments: ['pi-1'], options: { household: 'C-1' } },
    })
  })

  it('takes an option again where that is meant', () => {
    const argv = [...CONFIG, 'rollout', 'create', 'f.json', '--tag', 'a', '--tag', 'b', '--dry-run']
    expect(readCommandLine(argv, COMMANDS)).toMatchObject({ options: { tag: ['a', 'b'], 'dry-run': true } })
  })

  it.each(Object.entries(COMMANDS))('%s explains itself', (name, { about, arguments: given, isStandalone }) => {
    const asked = readCommandLine([...name.split(' '), '--help'], COMMANDS)
    const help = 'help' in asked ? asked.help : ''
    expect(help).toContain(`${[name, ...given].join(' ')}`)
    expect(help).toContain(about)
    expect(help.includes('--config')).toBe(!isStandalone || about.includes('--config'))
  })

  it('explains all commands, and a group of them', () => {
    for (const [argv, names] of [
      [['--help'], Object.keys(COMMANDS)],
      [['ca', '-h'], Object.keys(COMMANDS).filter((name) => name.startsWith('ca '))],
    ] as const) {
      const asked = readCommandLine(argv, COMMANDS)
      const listed = 'help' in asked ? asked.help.split('\n').filter((line) => line.startsWith('  ')) : []
      expect(listed.map((line) => names.some((name) => line.startsWith(`  ${name}`)))).toEqual(names.map(() => true))
      for (const line of listed) {
        expect(
          Object.values(COMMANDS).some(({ about }) => line.endsWith(`  ${about}`)),
          line,
        ).toBe(true)
      }
    }
  })

  it('shows without brackets what a command refuses to do without', () => {
    const usage = (...words: string[]) => said(...words, '--help')
    expect(usage('token', 'create')).toContain('token create <name> --role <value> [--days <value>] [--reason <text>]')
    expect(usage('transfer')).toContain('transfer <gateway> --household <value> --member <value> [--site <value>]')
    for (const [name, { needed = [], options = {} }] of Object.entries(COMMANDS)) {
      for (const option of needed) expect(Object.keys(options), name).toContain(option)
    }
  })
})

import { Fault, messageOf } from '@wattfleet/protocol'
import { checkCommand } from './check.ts'
import { modelsCommand } from './models.ts'
import { type Cli, type Command, EXIT } from './ports.ts'
import { readCommand } from './read.ts'
import { scanCommand } from './scan.ts'
import { watchCommand } from './watch.ts'

const COMMANDS: Readonly<Record<string, Command>> = {
  scan: scanCommand,
  read: readCommand,
  watch: watchCommand,
  models: modelsCommand,
  check: checkCommand,
}

const PROGRAM = 'wattfleet-devices'

/** What `--help` prints. */
export const USAGE = `${PROGRAM} <command> [flags]

Finds and reads meters and inverters on Modbus. It only reads: nothing at a device is changed.

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(8)}${summary}`)
  .join('\n')}

Each takes --json for programs, and --help. Exit codes: 0 done, 1 nothing could be read or found, or a file is bad,
2 a wrong command line, 130 interrupted before the end.
`

const HELP: readonly (string | undefined)[] = ['--help', '-h', 'help']

/** Runs one command line, without the program's own name. Yields the exit code; what is wrong is said on `err`. */
export async function runCli(argv: readonly string[], cli: Cli): Promise<number> {
  const [name, ...args] = argv
  if (HELP.includes(name)) {
    cli.out.write(USAGE)
    return EXIT.ok
  }
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    cli.err.write(name === undefined ? USAGE : `there is no command ${name}: ${Object.keys(COMMANDS).join(', ')}\n`)
    return EXIT.usage
  }
  if (args.some((arg) => arg === '--help' || arg === '-h')) {
    cli.out.write(command.usage)
    return EXIT.ok
  }
  try {
    return await command.run(args, cli)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    cli.err.write(`${messageOf(error)}\n`)
    if (error.code !== 'config') return EXIT.nothing
    cli.err.write(`${PROGRAM} ${name} --help shows what can be said\n`)
    return EXIT.usage
  }
}

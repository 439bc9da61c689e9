import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Command, nodeProgram, started } from './commands.ts'
import { compiler } from './compiled.ts'
import { type Place, places } from './places.ts'

/** Reads per second of each client, a value for each round; empty where it is not here. */
export type Figures = ReadonlyMap<string, readonly number[]>

export interface TcpSizes {
  readonly rounds: number
  /** Reads of a client before they count: until then a compiler that compiles as it runs is at work. */
  readonly before: number
  readonly reads: number
  readonly registers: number
}

const run = promisify(execFile)
const here = (file: string) => join(import.meta.dirname, file)

/** Whether Python of `WATTFLEET_PYTHON` has pymodbus. */
function pymodbus(): Command | undefined {
  const python = process.env.WATTFLEET_PYTHON
  if (python === undefined) return undefined
  try {
    execFileSync(python, ['-c', 'import pymodbus'], { stdio: 'ignore' })
    return [python, here('pymodbus_client.py')]
  } catch {
    return undefined
  }
}

async function perSecond(command: Command, port: number, sizes: TcpSizes): Promise<number> {
  const [program = '', ...args] = command
  const numbers = [port, sizes.before, sizes.reads, sizes.registers].map(String)
  return Number((await run(program, [...args, ...numbers])).stdout)
}

/**
 * Sequential reads over Modbus TCP by each client in turns, each in a process of its own, all of one slave: at every place.
 */
export async function measureTcp(
  sizes: TcpSizes,
  print: (line: string) => void,
): Promise<ReadonlyMap<Place['name'], Figures>> {
  const c = compiler()
  try {
    const slave = c.program('slave.c')
    if (slave === undefined) print('no C compiler: the slave is one of Node, which takes more time than the clients do')
    const libmodbus = c.program('libmodbus.c', '-lmodbus')
    const node = (name: string) => nodeProgram(here('node-client.ts'), name)
    const clients: Readonly<Record<string, Command | undefined>> = {
      ours: node('ours'),
      'modbus-serial': node('modbus-serial'),
      jsmodbus: node('jsmodbus'),
      libmodbus: libmodbus === undefined ? undefined : [libmodbus],
      pymodbus: pymodbus(),
    }
    if (clients.libmodbus === undefined) print('libmodbus is skipped: it needs cc and libmodbus-dev')
    if (clients.pymodbus === undefined) print('pymodbus is skipped: it needs WATTFLEET_PYTHON, a Python that has it')
    const all = new Map<Place['name'], Figures>()
    for (const place of places()) {
      all.set(
        place.name,
        await measureAt(place, slave === undefined ? nodeProgram(here('slave.ts')) : [slave], clients, sizes, print),
      )
    }
    return all
  } finally {
    c.remove()
  }
}

async function measureAt(
  place: Place,
  slaveProgram: Command,
  clients: Readonly<Record<string, Command | undefined>>,
  sizes: TcpSizes,
  print: (line: string) => void,
): Promise<Figures> {
  const slave = await started([...place.slave, ...slaveProgram])
  const figures = new Map<string, number[]>(Object.keys(clients).map((name) => [name, []]))
  try {
    for (let round = 1; round <= sizes.rounds; round++) {
      for (const [name, client] of Object.entries(clients)) {
        if (client) figures.get(name)?.push(await perSecond([...place.client, ...client], Number(slave.said), sizes))
      }
      const row = [...figures].map(([name, of]) => `${name} ${of.at(-1) ?? 'not here'}`)
      print(`${place.name}, round ${round}: ${row.join(', ')} reads/s`)
    }
  } finally {
    slave.stop()
  }
  return figures
}

import modbus from 'modbus-serial'
import { pseudoTerminals } from '../../test-support/pseudo-terminals.ts'
import { costMs, MOST_REGISTERS, serialTiming } from '../src/core/plan.ts'
import { openModbusSerial } from '../src/index.ts'
import { type Command, started } from './commands.ts'

/** What of a line's registers per second, as the arithmetic has them, were read: a value for each round. */
export interface Utilisation {
  readonly ours: readonly number[]
  readonly modbusSerial: readonly number[]
}

export interface SerialSizes {
  readonly rounds: number
  /** How long a client reads in a round. */
  readonly seconds: number
}

type Read = () => Promise<unknown>

const SETTINGS = { parity: 'none', stopBits: 1 } as const

/** So many reads one after the other, milliseconds of each. */
async function meanMs(read: Read, reads: number): Promise<number> {
  const begin = performance.now()
  for (let i = 0; i < reads; i++) await read()
  return (performance.now() - begin) / reads
}

async function ours(path: string, baudRate: number): Promise<{ read: Read; close(): Promise<void> }> {
  const line = openModbusSerial({ path, baudRate, ...SETTINGS })
  const { signal } = new AbortController()
  const request = { unitId: 1, kind: 'holding', at: 0, count: MOST_REGISTERS } as const
  return { read: () => line.readRegisters(request, signal), close: () => line.close() }
}

async function bare(path: string, baudRate: number): Promise<{ read: Read; close(): Promise<void> }> {
  const client = new modbus.default()
  await client.connectRTUBuffered(path, { baudRate, ...SETTINGS })
  client.setID(1)
  return {
    read: () => client.readHoldingRegisters(0, MOST_REGISTERS),
    close: () => new Promise((resolve) => client.close(() => resolve())),
  }
}

/**
 * What a line of this baud rate carries with requests of 125 registers: 8 characters, 255 in answer and a gap before each
 * are all that a turn needs. `slave` is a program that serves an end of the line, paced. Bare modbus-serial leaves no gap
 * before a request, so it may come to more than there is.
 */
export async function measureLine(baudRate: number, slave: Command, sizes: SerialSizes): Promise<Utilisation> {
  const turnMs = costMs([{ at: 0, count: MOST_REGISTERS }], serialTiming({ baudRate, ...SETTINGS }, 0))
  const reads = Math.max(1, Math.round((sizes.seconds * 1_000) / turnMs))
  const { ends, close } = await pseudoTerminals()
  const [master, served] = ends
  let server: Awaited<ReturnType<typeof started>> | undefined
  try {
    server = await started([...slave, served, String(baudRate)])
    const measured = async (open: typeof ours) => {
      const client = await open(master, baudRate)
      // the first opens the port
      await client.read()
      const share = turnMs / (await meanMs(client.read, reads))
      await client.close()
      return share
    }
    const figures = { ours: [] as number[], modbusSerial: [] as number[] }
    for (let round = 0; round < sizes.rounds; round++) {
      figures.ours.push(await measured(ours))
      figures.modbusSerial.push(await measured(bare))
    }
    return figures
  } finally {
    server?.stop()
    await close()
  }
}

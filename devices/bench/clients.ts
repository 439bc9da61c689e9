import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import modbus from 'modbus-serial'
import { openModbusTcp } from '../src/index.ts'

const HERE = import.meta.dirname
const run = promisify(execFile)

/** Starts the slave in a process of its own. */
export async function startSlave(): Promise<{ readonly port: number; stop(): void }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(HERE, 'slave.ts')])
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.stdout.once('data', (text: Buffer) => resolve(Number(text)))
  })
  return { port, stop: () => void child.kill() }
}

/** Reads per second of `count` registers, one request after the other; undefined where the client is not here. */
export type Client = (port: number, reads: number, count: number) => Promise<number | undefined>

async function perSecond(reads: number, read: (at: number) => Promise<number | undefined>): Promise<number> {
  const begin = performance.now()
  for (let i = 0; i < reads; i++) {
    const at = i % 1_000
    if ((await read(at)) !== at) throw new Error(`register ${at} holds its address`)
  }
  return Math.round((reads * 1_000) / (performance.now() - begin))
}

const ours: Client = async (port, reads, count) => {
  const line = openModbusTcp({ host: '127.0.0.1', port })
  const { signal } = new AbortController()
  try {
    return await perSecond(
      reads,
      async (at) => (await line.readRegisters({ unitId: 1, kind: 'holding', at, count }, signal))[0],
    )
  } finally {
    await line.close()
  }
}

const bare: Client = async (port, reads, count) => {
  const client = new modbus.default()
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await new Promise((resolve) => socket.once('connect', resolve))
  await client.linkTCP(socket, { port })
  client.setID(1)
  try {
    return await perSecond(reads, async (at) => (await client.readHoldingRegisters(at, count)).data[0])
  } finally {
    socket.destroy()
  }
}

/** What a program prints; undefined where it cannot be run here. */
async function printed(program: string, args: readonly string[]): Promise<number | undefined> {
  try {
    return Number((await run(program, args)).stdout)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** libmodbus through a client in C that is compiled for it: needs cc and libmodbus-dev. */
function libmodbus(): { readonly client: Client; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-bench-'))
  const program = join(folder, 'client')
  let isHere = true
  try {
    execFileSync('cc', ['-O2', '-o', program, join(HERE, 'libmodbus.c'), '-lmodbus'], { stdio: 'ignore' })
  } catch {
    isHere = false
  }
  return {
    client: async (port, reads, count) => (isHere ? printed(program, [port, reads, count].map(String)) : undefined),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** pymodbus with Python of `WATTFLEET_PYTHON`. */
const pymodbus: Client = async (port, reads, count) => {
  const python = process.env.WATTFLEET_PYTHON
  if (python === undefined) return undefined
  return printed(python, [join(HERE, 'pymodbus_client.py'), ...[port, reads, count].map(String)])
}

export function clients(): { readonly all: Readonly<Record<string, Client>>; stop(): void } {
  const c = libmodbus()
  return { all: { ours, bare, libmodbus: c.client, pymodbus }, stop: c.remove }
}

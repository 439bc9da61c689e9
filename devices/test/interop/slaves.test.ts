import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { pseudoTerminals } from '../../../test-support/pseudo-terminals.ts'
import { describeWithPython } from '../../../test-support/python.ts'
import { openModbusSerial, openModbusTcp, startModbusProxy } from '../../src/index.ts'
import type { ModbusConnection } from '../../src/ports.ts'
import { imageFrom, serving, tcpDevice } from '../tcp-device.ts'
import { temporaryFolder } from '../temporary.ts'

/* Our client against slaves that nobody here wrote. */
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const never = new AbortController().signal
const isRequired = process.env.WATTFLEET_REQUIRE_INTEROP !== undefined || process.env.CI !== undefined

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Starts a slave and yields the line that it prints once it serves. */
async function slave(program: string, args: readonly string[]): Promise<string> {
  const child: ChildProcess = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  closing.push(async () => {
    child.stdin?.end()
    child.kill()
    await gone
  })
  if (child.stdout === null) throw new Error('no output')
  const [line] = await once(createInterface(child.stdout), 'line')
  return String(line)
}

function kept<T extends ModbusConnection>(connection: T): T {
  closing.push(() => connection.close())
  return connection
}

async function expectItsAddresses(connection: ModbusConnection, inputFactor: number): Promise<void> {
  const read = (kind: 'input' | 'holding', at: number, count: number) =>
    connection.readRegisters({ unitId: 1, kind, at, count }, never)
  const from = (at: number, count: number, factor: number) => Array.from({ length: count }, (_, i) => (at + i) * factor)
  expect(await read('holding', 0, 125)).toEqual(from(0, 125, 1))
  expect(await read('input', 875, 125)).toEqual(from(875, 125, inputFactor))
  for (let at = 0; at < 50; at++) expect(await read('holding', at, 1)).toEqual([at])
  await expect(read('holding', 990, 20)).rejects.toMatchObject({ code: 'device', cause: { exception: 2 } })
  await connection.writeRegisters({ unitId: 1, at: 10, values: [7, 65_535] }, never)
  expect(await read('holding', 9, 4)).toEqual([9, 7, 65_535, 12])
}

const MODBUS_TK = { name: 'modbus-tk 1.1', check: 'import modbus_tk, serial', install: 'pip install modbus-tk==1.1.5' }

describeWithPython(MODBUS_TK, (python) => {
  it('reads and writes its slave over TCP', async () => {
    const port = Number(await slave(python, [here('modbus_tk_slave.py'), 'tcp']))
    await expectItsAddresses(kept(openModbusTcp({ host: '127.0.0.1', port, timeoutMs: 5_000 })), 2)
  })

  it('reads and writes its slave on a serial line', { timeout: 60_000 }, async () => {
    const pair = await pseudoTerminals()
    closing.push(pair.close)
    expect(await slave(python, [here('modbus_tk_slave.py'), 'rtu', pair.ends[1]])).toBe('ready')
    const line = { path: pair.ends[0], baudRate: 19_200, parity: 'none', stopBits: 1, timeoutMs: 5_000 } as const
    await expectItsAddresses(kept(openModbusSerial(line)), 2)
  })
})

/** Compiled here: needs cc and libmodbus-dev. */
function compiled(): string | undefined {
  const program = join(temporaryFolder(), 'slave')
  const done = spawnSync('cc', ['-O1', '-o', program, here('libmodbus_slave.c'), '-lmodbus'])
  return done.status === 0 ? program : undefined
}
const hasLibmodbus =
  spawnSync('cc', ['-xc', '-fsyntax-only', '-'], { input: '#include <modbus/modbus.h>\n' }).status === 0

describe.skipIf(!hasLibmodbus && !isRequired)('against libmodbus', () => {
  it('reads and writes its slave over TCP', async () => {
    const program = compiled()
    if (program === undefined) throw new Error('cc with libmodbus-dev')
    const port = Number(await slave(program, []))
    await expectItsAddresses(kept(openModbusTcp({ host: '127.0.0.1', port, timeoutMs: 5_000 })), 1)
  })
})

const hasMbpoll = spawnSync('mbpoll', ['-h']).status === 0

describe.skipIf(!hasMbpoll && !isRequired)('mbpoll', () => {
  it('reads through our proxy what our client reads', async () => {
    const device = await tcpDevice(serving('holding', imageFrom([0, [11, 22, 65_535]])))
    const own = kept(openModbusTcp({ host: '127.0.0.1', port: device.port, timeoutMs: 5_000 }))
    const proxy = await startModbusProxy({ host: '127.0.0.1', port: 0, reader: own })
    closing.push(
      () => device.close(),
      () => proxy.close(),
    )
    const args = ['-m', 'tcp', '-p', String(proxy.port), '-a', '1', '-t', '4', '-r', '1', '-c', '3', '-1', '127.0.0.1']
    const child = spawn('mbpoll', args)
    let said = ''
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString()
    })
    const [code] = await once(child, 'exit')
    expect(said.match(/\[\d+\]:\s+\d+/g)?.map((line) => Number(line.split(':')[1]))).toEqual([11, 22, 65_535])
    expect(code).toBe(0)
  })
})

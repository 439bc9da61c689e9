import { once } from 'node:events'
import { connect } from 'node:net'
import { parseArgs } from 'node:util'
import * as jsmodbus from 'jsmodbus'
import { openModbusTcp } from '../src/index.ts'
import { bareClient } from './bare.ts'

/*
 * Reads holding registers so many times with a client of Node's, in a process of its own; prints reads per second.
 * Arguments: client, port, reads before it counts, reads, registers of each.
 */

/** The first of so many registers from an address on. */
type Read = (at: number, count: number) => Promise<number | undefined>

const CLIENTS: Readonly<Record<string, (port: number) => Promise<Read>>> = {
  async ours(port) {
    const line = openModbusTcp({ host: '127.0.0.1', port })
    const { signal } = new AbortController()
    return async (at, count) => (await line.readRegisters({ unitId: 1, kind: 'holding', at, count }, signal))[0]
  },
  async 'modbus-serial'(port) {
    const client = await bareClient(port)
    return async (at, count) => (await client.readHoldingRegisters(at, count)).data[0]
  },
  async jsmodbus(port) {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    // it has to see the socket connect
    const client = new jsmodbus.client.TCP(socket, 1)
    await once(socket, 'connect')
    return async (at, count) => {
      const { valuesAsArray } = (await client.readHoldingRegisters(at, count)).response.body
      return valuesAsArray[0]
    }
  },
}

const [name = '', ...numbers] = parseArgs({ allowPositionals: true }).positionals
const [port = 0, before = 0, reads = 0, count = 0] = numbers.map(Number)
const read = await CLIENTS[name]?.(port)
if (read === undefined) throw new Error(`no client ${name}, but: ${Object.keys(CLIENTS).join(', ')}`)

async function run(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const at = i % 1_000
    if ((await read?.(at, count)) !== at) throw new Error(`register ${at} holds its address`)
  }
}
await run(before)
const begin = performance.now()
await run(reads)
process.stdout.write(`${Math.round((reads * 1_000) / (performance.now() - begin))}\n`)
process.exit()

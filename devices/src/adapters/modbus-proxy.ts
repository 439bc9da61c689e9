import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { Fault, messageOf } from '@wattfleet/protocol'
import { exceptionOf } from '../core/faults.ts'
import { MOST_REGISTERS } from '../core/plan.ts'
import type { RegisterReader } from '../ports.ts'

export interface ProxyOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** What is read through it. */
  readonly reader: RegisterReader
}

export interface ModbusProxy {
  readonly port: number
  close(): Promise<void>
}

/** A home automation, a wallbox, a display: more readers of one device are somebody's mistake. */
const MOST_CLIENTS = 8
/** MBAP header up to the unit (Modbus Messaging on TCP/IP 1.0b, 3.1.3): transaction 2 | protocol 2 | length 2. */
const HEADER_BYTES = 6
/** Unit, function, address and count. */
const READ_BYTES = 6
/** The specification's longest PDU and the unit before it. */
const MOST_BYTES = 254
const EXCEPTION = { function: 1, value: 3, failure: 4, noPath: 10, noAnswer: 11 } as const
const KINDS = new Map<number, 'input' | 'holding'>([
  [3, 'holding'],
  [4, 'input'],
])

/** What a client is told of a fault: the device's own exception, or, as a gateway says it, that it was not reached. */
function codeOf(error: unknown): number {
  const own = exceptionOf(error)
  if (own !== undefined) return own
  const isSilence = error instanceof Fault && (error.code === 'timeout' || error.code === 'protocol')
  return isSilence ? EXCEPTION.noAnswer : EXCEPTION.noPath
}

function exception(code: number, reason: number): Buffer {
  return Buffer.from([code | 0x80, reason])
}

/** The answer to what follows the header: unit and PDU. Reads are asked of the device; everything else is refused. */
async function answerTo(body: Buffer, reader: RegisterReader, signal: AbortSignal): Promise<Buffer> {
  const [unitId = 0, code = 0] = body
  const kind = KINDS.get(code)
  if (kind === undefined) return exception(code, EXCEPTION.function)
  if (body.length !== READ_BYTES) return exception(code, EXCEPTION.value)
  const [at, count] = [body.readUInt16BE(2), body.readUInt16BE(4)]
  if (count < 1 || count > MOST_REGISTERS) return exception(code, EXCEPTION.value)
  if (at + count > 0x1_0000) return exception(code, 2)
  try {
    const registers = await reader.readRegisters({ unitId, kind, at, count }, signal)
    const pdu = Buffer.alloc(2 + 2 * count)
    pdu.writeUInt8(code, 0)
    pdu.writeUInt8(2 * count, 1)
    for (const [i, register] of registers.entries()) pdu.writeUInt16BE(register, 2 + 2 * i)
    return pdu
  } catch (error) {
    return exception(code, codeOf(error))
  }
}

/**
 * Lets others read a device that accepts one connection only: a Modbus TCP server in front of a shared line. It reads and
 * nothing else: whoever tries to write gets exception 1. Its clients take turns with everybody else on the line. Rejects
 * with Fault `transport` where the address cannot be listened on.
 */
export async function startModbusProxy({ host, port, reader }: ProxyOptions): Promise<ModbusProxy> {
  const closing = new AbortController()
  const clients = new Set<Socket>()
  const server = createServer((socket) => {
    if (clients.size >= MOST_CLIENTS) return void socket.destroy()
    clients.add(socket)
    void serve(socket, reader, closing.signal).finally(() => clients.delete(socket))
  })
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new Fault('transport', `${host}:${port}: ${messageOf(error)}`, { cause: error })
  }
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close() {
      closing.abort()
      for (const socket of clients) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** One client, one request after the other: what it sends ahead waits in the socket. */
async function serve(socket: Socket, reader: RegisterReader, signal: AbortSignal): Promise<void> {
  socket.on('error', () => socket.destroy())
  let held = Buffer.alloc(0)
  try {
    for await (const chunk of socket) {
      held = Buffer.concat([held, chunk as Buffer])
      while (held.length >= HEADER_BYTES) {
        const length = held.readUInt16BE(4)
        if (held.readUInt16BE(2) !== 0 || length < 2 || length > MOST_BYTES) return
        if (held.length < HEADER_BYTES + length) break
        const body = held.subarray(HEADER_BYTES, HEADER_BYTES + length)
        const pdu = await answerTo(body, reader, signal)
        const head = Buffer.from(held.subarray(0, HEADER_BYTES + 1))
        head.writeUInt16BE(pdu.length + 1, 4)
        held = held.subarray(HEADER_BYTES + length)
        if (!socket.write(Buffer.concat([head, pdu]))) await once(socket, 'drain', { signal })
      }
    }
  } catch {
    // the client went, or the proxy closes
  } finally {
    socket.destroy()
  }
}

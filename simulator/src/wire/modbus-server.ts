import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { Fault, messageOf } from '@wattfleet/protocol'

/** A run of registers that a device has at one moment. */
export interface Registers {
  readonly kind: 'input' | 'holding'
  /** Address of the first. */
  readonly at: number
  readonly words: Uint16Array
}

export interface ModbusServerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly unitId: number
  /** Everything the device shows now; taken once per request, so that one answer is one moment. */
  readonly registers: () => Registers
}

export interface ModbusServer {
  readonly port: number
  close(): Promise<void>
}

/** A device of this kind serves a few masters; more is somebody's mistake. */
const MOST_CONNECTIONS = 16
/** Modbus Messaging on TCP/IP 1.0b, section 3.1.3: MBAP header, and unit and PDU of at most 254 bytes after it. */
const HEADER = 6
const LONGEST_BODY = 254
/** Modbus Application Protocol 1.1b3, sections 6.3 and 6.4. */
const MOST_REGISTERS = 125

const EXCEPTION = { function: 1, address: 2, value: 3, gatewayTarget: 11 } as const

/**
 * A read-only Modbus TCP device (functions 3 and 4) on a socket of its own. The server of modbus-serial is not used
 * because it cannot listen on a free port of the system's choice and answers register by register.
 * Rejects with Fault `transport` where the port cannot be had.
 */
export async function serveModbus(options: ModbusServerOptions): Promise<ModbusServer> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    answerOn(socket, options)
  })
  server.maxConnections = MOST_CONNECTIONS
  const port = await listening(server, options)
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

async function listening(server: Server, { host, port }: ModbusServerOptions): Promise<number> {
  try {
    server.listen({ host, port })
    await once(server, 'listening')
  } catch (error) {
    throw new Fault('transport', `${host}:${port} cannot be listened on: ${messageOf(error)}`, { cause: error })
  }
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

function answerOn(socket: Socket, options: ModbusServerOptions): void {
  let held = Buffer.alloc(0)
  socket.on('data', (data) => {
    held = Buffer.concat([held, data])
    while (held.length >= HEADER) {
      const length = held.readUInt16BE(4)
      // not Modbus: nothing after it can be trusted either
      if (held.readUInt16BE(2) !== 0 || length < 2 || length > LONGEST_BODY) return socket.destroy()
      if (held.length < HEADER + length) return
      const body = held.subarray(HEADER, HEADER + length)
      const pdu = answerTo(body.readUInt8(0), body.subarray(1), options)
      socket.write(frame(held, body.readUInt8(0), pdu))
      held = held.subarray(HEADER + length)
    }
  })
}

function frame(request: Buffer, unitId: number, pdu: Buffer): Buffer {
  const head = Buffer.alloc(HEADER + 1)
  request.copy(head, 0, 0, 2)
  head.writeUInt16BE(pdu.length + 1, 4)
  head.writeUInt8(unitId, 6)
  return Buffer.concat([head, pdu])
}

/** The answer to one PDU: registers, or the exception that the specification asks for. */
export function answerTo(unitId: number, request: Buffer, options: ModbusServerOptions): Buffer {
  const code = request.readUInt8(0)
  const refuse = (exception: number) => Buffer.from([code | 0x80, exception])
  if (unitId !== options.unitId) return refuse(EXCEPTION.gatewayTarget)
  const { kind, at, words } = options.registers()
  if (code !== (kind === 'input' ? 4 : 3)) return refuse(EXCEPTION.function)
  if (request.length !== 5) return refuse(EXCEPTION.value)
  const count = request.readUInt16BE(3)
  if (count < 1 || count > MOST_REGISTERS) return refuse(EXCEPTION.value)
  const from = request.readUInt16BE(1) - at
  if (from < 0 || from + count > words.length) return refuse(EXCEPTION.address)
  const pdu = Buffer.alloc(2 + 2 * count)
  pdu.writeUInt8(code, 0)
  pdu.writeUInt8(2 * count, 1)
  for (let i = 0; i < count; i++) pdu.writeUInt16BE(words[from + i] ?? 0, 2 + 2 * i)
  return pdu
}

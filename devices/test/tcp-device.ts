import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** A request as it came off a real socket. */
export interface Asked {
  readonly transaction: number
  readonly unitId: number
  readonly code: number
  readonly at: number
  readonly count: number
  /** Which connection it came on, from 1. */
  readonly connection: number
}

export interface TcpDevice {
  readonly port: number
  readonly asked: Asked[]
  connections(): number
  close(): Promise<void>
}

/** What a scripted device may do with a request; by default it stays silent. */
export interface Line {
  readonly socket: Socket
  registers(asked: Asked, registers: readonly number[]): void
  exception(asked: Asked, code: number): void
}

/** A device behind a real socket that does what the test says, right or wrong. */
export async function tcpDevice(answer: (asked: Asked, line: Line) => void): Promise<TcpDevice> {
  const sockets = new Set<Socket>()
  const asked: Asked[] = []
  let connections = 0
  const server: Server = createServer((socket) => {
    const connection = ++connections
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    let held = Buffer.alloc(0)
    socket.on('data', (data) => {
      held = Buffer.concat([held, data])
      for (; held.length >= 12; held = held.subarray(12)) {
        const request: Asked = {
          transaction: held.readUInt16BE(0),
          unitId: held.readUInt8(6),
          code: held.readUInt8(7),
          at: held.readUInt16BE(8),
          count: held.readUInt16BE(10),
          connection,
        }
        asked.push(request)
        answer(request, lineOver(socket))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    asked,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

function lineOver(socket: Socket): Line {
  return {
    socket,
    registers(asked, registers) {
      const pdu = Buffer.alloc(2 + registers.length * 2)
      pdu.writeUInt8(asked.code, 0)
      pdu.writeUInt8(registers.length * 2, 1)
      for (const [i, register] of registers.entries()) pdu.writeUInt16BE(register, 2 + 2 * i)
      socket.write(frame(asked, pdu))
    },
    exception: (asked, code) => void socket.write(frame(asked, Buffer.from([asked.code | 0x80, code]))),
  }
}

/** MBAP header (Modbus Messaging on TCP/IP 1.0b, 3.1.3) and PDU. */
export function frame(asked: Asked, pdu: Buffer): Buffer {
  const head = Buffer.alloc(7)
  head.writeUInt16BE(asked.transaction, 0)
  head.writeUInt16BE(pdu.length + 1, 4)
  head.writeUInt8(asked.unitId, 6)
  return Buffer.concat([head, pdu])
}

/** Answers from this image as a correct device would, with exception 2 beyond it. */
export function serving(kind: 'input' | 'holding', image: ReadonlyMap<number, number>) {
  return (asked: Asked, line: Line) => {
    if (asked.code !== (kind === 'input' ? 4 : 3)) return line.exception(asked, 1)
    const registers = Array.from({ length: asked.count }, (_, i) => image.get(asked.at + i))
    if (registers.includes(undefined)) return line.exception(asked, 2)
    line.registers(asked, registers as number[])
  }
}

/** Registers from an address on, as a device's image. */
export function imageFrom(
  ...parts: readonly (readonly [at: number, registers: Iterable<number>])[]
): Map<number, number> {
  const image = new Map<number, number>()
  for (const [at, registers] of parts) {
    let next = at
    for (const register of registers) image.set(next++, register)
  }
  return image
}

/** Registers of a hex text, spaces ignored: golden images by hand. */
export function hexRegisters(text: string): number[] {
  const bare = text.replaceAll(/\s/g, '')
  return Array.from({ length: bare.length / 4 }, (_, i) => Number.parseInt(bare.slice(4 * i, 4 * i + 4), 16))
}

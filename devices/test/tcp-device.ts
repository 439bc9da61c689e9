import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** A request as it came off a real socket. */
export interface Asked {
  readonly transaction: number
  readonly unitId: number
  readonly code: number
  readonly at: number
  readonly count: number
  /** Registers to write, of function 16. */
  readonly values: readonly number[]
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
      const whole = () => (held.length < 6 ? Number.POSITIVE_INFINITY : 6 + held.readUInt16BE(4))
      for (; held.length >= whole(); held = held.subarray(whole())) {
        const values = held.subarray(13, whole())
        const request: Asked = {
          transaction: held.readUInt16BE(0),
          unitId: held.readUInt8(6),
          code: held.readUInt8(7),
          at: held.readUInt16BE(8),
          count: held.readUInt16BE(10),
          values: Array.from({ length: values.length >> 1 }, (_, i) => values.readUInt16BE(2 * i)),
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

/** As `serving` holding registers, and takes what is written to them, except where `isFrozen`. */
export function writable(image: Map<number, number>, isFrozen: (at: number) => boolean = () => false) {
  return (asked: Asked, line: Line) => {
    if (asked.code !== 16) return serving('holding', image)(asked, line)
    if (asked.values.some((_, i) => !image.has(asked.at + i))) return line.exception(asked, 2)
    for (const [i, value] of asked.values.entries()) if (!isFrozen(asked.at + i)) image.set(asked.at + i, value)
    const confirmed = Buffer.from([16, asked.at >> 8, asked.at & 0xff, asked.count >> 8, asked.count & 0xff])
    line.socket.write(frame(asked, confirmed))
  }
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

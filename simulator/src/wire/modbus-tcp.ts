import type { Socket } from 'node:net'
import type { Clock } from '@wattfleet/protocol'
import { tcpFrame } from '../faults/frames.ts'
import { UNHARMED } from '../faults/ruling.ts'
import { listen, type WireOptions, type WireServer } from './listener.ts'
import { piecesOf } from './pace.ts'
import { EXCEPTION, exceptionPdu } from './pdu.ts'
import { Queue } from './queue.ts'
import type { Outcome, ServedDevice } from './served-device.ts'

/** Modbus Messaging on TCP/IP 1.0b, section 3.1.3: MBAP header, and unit and PDU of at most 254 bytes after it. */
const HEADER = 6
const LONGEST_BODY = 254

export interface ModbusTcpServerOptions extends WireOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** With several the port is a gateway's: a request's unit says which. */
  readonly devices: readonly ServedDevice[]
  /** What a unit that is not there gets: exception 11, as a gateway answers, or nothing, as many single devices do. */
  readonly absent: 'exception' | 'silence'
}

/** A request as its header and body say. */
export interface TcpRequest {
  readonly transaction: number
  readonly unitId: number
  readonly pdu: Uint8Array
}

/**
 * The whole requests in these bytes, and what is left. Undefined where they are not Modbus: nothing after that can be
 * trusted either.
 */
export function tcpRequestsIn(
  bytes: Buffer,
): { readonly requests: readonly TcpRequest[]; readonly rest: Buffer } | undefined {
  const requests: TcpRequest[] = []
  let rest = bytes
  while (rest.length >= HEADER) {
    const length = rest.readUInt16BE(4)
    if (rest.readUInt16BE(2) !== 0 || length < 2 || length > LONGEST_BODY) return undefined
    if (rest.length < HEADER + length) break
    const body = rest.subarray(HEADER, HEADER + length)
    requests.push({ transaction: rest.readUInt16BE(0), unitId: body[0] ?? 0, pdu: Uint8Array.from(body.subarray(1)) })
    rest = rest.subarray(HEADER + length)
  }
  return { requests, rest }
}

/**
 * Devices on Modbus TCP. Requests of a connection are answered in their order, one at a time. Rejects with Fault
 * `transport` where the port cannot be had.
 */
export function serveModbusTcp(options: ModbusTcpServerOptions): Promise<WireServer> {
  const { host, port, devices, faults, warn } = options
  return listen({
    ...{ host, port, faults, warn, devices: devices.map(({ device }) => device.name) },
    serve: (socket, signal) => serveOn(socket, signal, options),
  })
}

/** What one connection has come to. */
interface Connection {
  readonly socket: Socket
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Nothing is answered any more, and nothing closed. */
  isDead: boolean
}

function serveOn(socket: Socket, signal: AbortSignal, options: ModbusTcpServerOptions): void {
  const connection: Connection = { socket, signal, clock: options.clock, isDead: false }
  const queue = new Queue<TcpRequest>(
    (request) => answer(connection, request, options),
    (isFull) => (isFull ? socket.pause() : socket.resume()),
  )
  let held: Buffer = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    if (connection.isDead) return
    const found = tcpRequestsIn(Buffer.concat([held, data]))
    if (found === undefined) return socket.destroy()
    held = found.rest
    for (const request of found.requests) queue.add(request)
  })
  socket.on('end', () => void queue.idle().then(() => connection.isDead || socket.end()))
}

/** Answers one request; resolves when the next may be taken. */
async function answer(connection: Connection, request: TcpRequest, options: ModbusTcpServerOptions): Promise<void> {
  if (connection.isDead || connection.signal.aborted) return
  const { transaction, unitId, pdu } = request
  const { ruling, pdu: reply } = outcomeOf(request, options)
  if (ruling.halfOpen) {
    connection.isDead = true
    return
  }
  const turnaroundMs = options.devices.find(({ device }) => device.unitId === unitId)?.device.turnaroundMs ?? 0
  const { clock, signal, socket } = connection
  await clock.until(clock.nowMs() + turnaroundMs + ruling.delayMs, signal)
  if (signal.aborted) return
  if (ruling.reset) {
    socket.resetAndDestroy()
    return
  }
  if (reply === undefined || pdu.length === 0) return
  const bytes = tcpFrame(transaction, { unitId, pdu: reply }, ruling.frame)
  if (ruling.lateMs > 0) {
    void clock.until(clock.nowMs() + ruling.lateMs, signal).then(() => send(connection, bytes, ruling.byteMs))
    return
  }
  await send(connection, bytes, ruling.byteMs)
}

function outcomeOf({ unitId, pdu }: TcpRequest, { devices, absent }: ModbusTcpServerOptions): Outcome {
  const served = devices.find(({ device }) => device.unitId === unitId)
  if (served !== undefined) return served.request(pdu)
  const refusal = absent === 'exception' ? exceptionPdu(pdu[0] ?? 0, EXCEPTION.gatewayTarget) : undefined
  return { ruling: UNHARMED, pdu: refusal }
}

async function send({ socket, signal, clock }: Connection, bytes: Uint8Array, byteMs: number): Promise<void> {
  for (const piece of piecesOf(bytes, clock.nowMs(), byteMs, 0)) {
    await clock.until(piece.atMs, signal)
    if (signal.aborted || !socket.writable) return
    socket.write(piece.bytes)
  }
}

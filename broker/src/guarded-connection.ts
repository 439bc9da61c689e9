import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { type PacketGate, packetGate } from './core/packet-gate.ts'
import type { Peer } from './peer.ts'

/** How much of one connection waits unparsed; also bounds how many packets are parsed in one go. */
const READ_AHEAD_BYTES = 16 * 1024
/** What one subscriber may leave unread here before the broker waits for it. */
const WRITE_BEHIND_BYTES = 64 * 1024
/** A connection that is being closed has this long to take its last answer. */
const LINGER_MS = 1_000

/**
 * The stream that the MQTT parser reads instead of the socket. The parser buffers a packet until it is complete, however
 * long it claims to be; here the claim is read first, and a connection that claims too much is cut unread.
 */
export class GuardedConnection extends Duplex {
  readonly peer: Peer
  #socket: TLSSocket
  #gate: PacketGate
  #onRefused: (reason: 'packet-size' | 'malformed') => void

  constructor(
    socket: TLSSocket,
    peer: Peer,
    maxPacketBytes: number,
    onRefused: (reason: 'packet-size' | 'malformed') => void,
  ) {
    super({
      readableHighWaterMark: READ_AHEAD_BYTES,
      writableHighWaterMark: WRITE_BEHIND_BYTES,
      allowHalfOpen: false,
    })
    this.peer = peer
    this.#socket = socket
    this.#gate = packetGate(maxPacketBytes)
    this.#onRefused = onRefused
    socket.pause()
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  /** Ends the connection at once, without a word. */
  cut(): void {
    this.#socket.destroy()
    this.destroy()
  }

  #take(chunk: Buffer): void {
    const verdict = this.#gate.feed(chunk)
    if (verdict !== 'pass') {
      this.#onRefused(verdict === 'too-large' ? 'packet-size' : 'malformed')
      this.cut()
    } else if (!this.push(chunk)) {
      this.#socket.pause()
    }
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: () => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // What was written last is often the refusal itself: it may still go out.
    this.#socket.destroySoon()
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref()
    done(error)
  }
}

import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { monotonicMs } from '@wattfleet/protocol'
import { type PacketGate, packetGate } from './core/packet-gate.ts'
import type { Peer } from './peer.ts'

/** How much of one connection waits unparsed; also bounds how many packets are parsed in one go. */
const READ_AHEAD_BYTES = 16 * 1024
/** What goes to the socket in one write: one that takes longer than the limit counts as one that takes nothing. */
const WRITE_BYTES = 64 * 1024
/** A connection that is being closed has this long to take its last answer. */
const LINGER_MS = 1_000
/** What a packet costs beside its bytes, bytes: the smallest has two, and parsing and answering it is no cheaper for that. */
const PACKET_OVERHEAD_BYTES = 128

/** What one connection may do. */
export interface ConnectionBounds {
  readonly packetBytes: number
  readonly bytesBeforeLogin: number
  /** What the broker may write ahead before it waits for this connection. */
  readonly writeBehindBytes: number
  /** How long one write may take before the connection is cut; undefined where the broker itself waits and cuts. */
  readonly writeTimeoutMs: number | undefined
}

export interface ConnectionEvents {
  refused(reason: 'packet-size' | 'malformed' | 'before-login' | 'drain', detail: string): void
  /** It is not read from for a while, because it has sent too much. */
  slowed(): void
}

/**
 * The stream that the MQTT parser reads instead of the socket. The parser buffers a packet until it is complete, however
 * long it claims to be; here the claim is read first, and a connection that claims too much is cut unread.
 */
export class GuardedConnection extends Duplex {
  readonly peer: Peer
  #socket: TLSSocket
  #bounds: ConnectionBounds
  #events: ConnectionEvents
  #gate: PacketGate
  #bytesBeforeLogin = 0
  #isLoggedIn = false
  /** Set while it is not read from. */
  #rest: NodeJS.Timeout | undefined
  #isWanted = false

  constructor(socket: TLSSocket, peer: Peer, bounds: ConnectionBounds, events: ConnectionEvents) {
    super({
      readableHighWaterMark: READ_AHEAD_BYTES,
      writableHighWaterMark: bounds.writeBehindBytes,
      allowHalfOpen: false,
    })
    this.peer = peer
    this.#socket = socket
    this.#bounds = bounds
    this.#events = events
    this.#gate = packetGate(bounds.packetBytes)
    socket.pause()
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  /** Its CONNECT is accepted. */
  loggedIn(): void {
    this.#isLoggedIn = true
  }

  /** Ends the connection at once, without a word. */
  cut(): void {
    this.#socket.destroy()
    this.destroy()
  }

  #take(chunk: Buffer): void {
    const packetsBefore = this.#gate.packets
    const verdict = this.#gate.feed(chunk)
    if (!this.#isLoggedIn) this.#bytesBeforeLogin += chunk.length
    const { packetBytes, bytesBeforeLogin } = this.#bounds
    if (verdict === 'too-large') this.#refuse('packet-size', `a packet over ${packetBytes} bytes`)
    else if (verdict === 'malformed') this.#refuse('malformed', 'not MQTT')
    else if (this.#bytesBeforeLogin > bytesBeforeLogin) {
      this.#refuse('before-login', `more than ${bytesBeforeLogin} bytes before its CONNECT was accepted`)
    } else {
      this.#slow(chunk.length + (this.#gate.packets - packetsBefore) * PACKET_OVERHEAD_BYTES)
      if (!this.push(chunk)) this.#socket.pause()
    }
  }

  #refuse(reason: Parameters<ConnectionEvents['refused']>[0], detail: string): void {
    if (this.destroyed) return
    this.#events.refused(reason, detail)
    this.cut()
  }

  /** Does not read for a while from who sends too much: TCP slows the sender down, and nothing is lost. */
  #slow(weight: number): void {
    const nowMs = monotonicMs()
    this.peer.bytes?.take(nowMs, weight)
    const ms = this.peer.bytes?.take(nowMs, 0) ?? 0 // what has come has come: what comes next waits
    if (ms === 0) return
    this.#socket.pause()
    this.#events.slowed()
    clearTimeout(this.#rest)
    this.#rest = setTimeout(() => {
      this.#rest = undefined
      if (this.#isWanted) this._read()
    }, ms)
  }

  override _read(): void {
    this.#isWanted = this.#rest !== undefined
    if (!this.#isWanted) this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  /** Piece by piece, so that a slow reader is told from one that takes nothing. */
  #send(bytes: Buffer, done: (error?: Error | null) => void): void {
    const { writeTimeoutMs } = this.#bounds
    const timer =
      writeTimeoutMs === undefined
        ? undefined
        : setTimeout(() => this.#refuse('drain', `took nothing for ${writeTimeoutMs} ms`), writeTimeoutMs)
    this.#socket.write(bytes.subarray(0, WRITE_BYTES), (error) => {
      clearTimeout(timer)
      if (error || bytes.length <= WRITE_BYTES) done(error)
      else this.#send(bytes.subarray(WRITE_BYTES), done)
    })
  }

  override _final(done: () => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#rest)
    // What was written last is often the refusal itself: it may still go out.
    this.#socket.destroySoon()
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref()
    done(error)
  }
}

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { type Clock, Fault, messageOf, pause } from '@wattfleet/protocol'
import type { FaultBox } from '../faults/box.ts'

/** A device or gateway of this kind serves a few masters; more is somebody's mistake. */
const MOST_CONNECTIONS = 16
/** With many devices behind one port each may have a master of its own, and one that comes back before the other is gone. */
const MOST_CONNECTIONS_PER_DEVICE = 2
/** A port that was taken while its device refused connections is tried again so often. */
const TRY_AGAIN_MS = 1_000

export interface ListenOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly faults: FaultBox
  /** The devices behind the port. */
  readonly devices: readonly string[]
  readonly warn: (fields: object, text: string) => void
  /** Serves a connection; `signal` is aborted when the connection is over. */
  readonly serve: (socket: Socket, signal: AbortSignal) => void
}

export interface WireServer {
  readonly port: number
  close(): Promise<void>
}

/** What every transport is given. */
export interface WireOptions {
  /** What delays and paces are measured by. */
  readonly clock: Clock
  readonly faults: FaultBox
  readonly warn: (fields: object, text: string) => void
}

/**
 * Listens on a port, except while one of its devices refuses connections: then nobody listens there, and connections that
 * are open are reset. Rejects with Fault `transport` where the port cannot be had at the start.
 */
export async function listen(options: ListenOptions): Promise<WireServer> {
  const listener = new Listener(options)
  await listener.open(options.port)
  listener.watch()
  return listener
}

class Listener implements WireServer {
  readonly #options: ListenOptions
  readonly #sockets = new Set<Socket>()
  readonly #stopping = new AbortController()
  #server: Server | undefined
  #watching: Promise<void> = Promise.resolve()
  port = 0

  constructor(options: ListenOptions) {
    this.#options = options
  }

  async open(port: number): Promise<void> {
    const { host } = this.#options
    // the other side's end is not answered by ours on its own: a half-open connection never is
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#serve(socket))
    server.maxConnections = Math.max(MOST_CONNECTIONS, MOST_CONNECTIONS_PER_DEVICE * this.#options.devices.length)
    try {
      server.listen({ host, port })
      await once(server, 'listening')
    } catch (error) {
      throw new Fault('transport', `${host}:${port} cannot be listened on: ${messageOf(error)}`, { cause: error })
    }
    const address = server.address()
    this.port = typeof address === 'object' && address !== null ? address.port : port
    this.#server = server
  }

  watch(): void {
    this.#watching = this.#watch()
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    await this.#watching
    await this.#shut((socket) => socket.destroy())
  }

  #serve(socket: Socket): void {
    const over = new AbortController()
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#sockets.delete(socket)
      over.abort()
    })
    this.#options.serve(socket, over.signal)
  }

  async #shut(end: (socket: Socket) => void): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const socket of this.#sockets) end(socket)
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    await closed
  }

  /** Opens and shuts as the faults of the devices say. */
  async #watch(): Promise<void> {
    const { faults, devices, warn } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const refuses = faults.refuses(devices)
      if (refuses && this.#server !== undefined) {
        await this.#shut((socket) => socket.resetAndDestroy())
      } else if (!refuses && this.#server === undefined) {
        try {
          await this.open(this.port)
        } catch (error) {
          warn({ port: this.port, error: messageOf(error) }, 'a port was taken while its device refused connections')
          await pause(TRY_AGAIN_MS, signal)
        }
      } else await faults.untilChange(devices, signal)
    }
  }
}

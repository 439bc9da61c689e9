import { createServer, type Server, type Socket } from 'node:net'
import { monotonicMs } from '@wattfleet/protocol'
import type { BrokerLimits } from './config.ts'
import { neighbourhoodOf } from './core/address.ts'
import { fairQueue } from './core/fair-queue.ts'
import { pace } from './core/pace.ts'
import type { Refusals } from './refusals.ts'

/** Where connections arrive, before anything of TLS is done for them. */
export interface Front {
  readonly server: Server
  /** Connections that wait for their handshake. */
  waiting(): number
  stop(): void
}

/**
 * Accepts connections and hands them to `begin` at most so many a second: a handshake costs the broker a thousand times
 * what it costs whoever asks for it, and those who are connected already must not pay. The excess waits unread, each
 * address (of IPv6: each /64) in its turn, so that one that knocks without end does not keep the others out; beyond a bound the newest of
 * whoever has most waiting is let go.
 */
export function openFront(limits: BrokerLimits, refusals: Refusals, begin: (socket: Socket) => void): Front {
  const queue = fairQueue<Socket>()
  const rate = pace(limits.handshakesPerSecond, limits.handshakeBurst)
  let timer: NodeJS.Timeout | undefined

  function beginNext(): void {
    for (let socket = queue.next(); socket !== undefined; socket = queue.next()) {
      if (socket.destroyed) continue
      socket.off('error', ignore)
      begin(socket)
      return
    }
  }

  function serve(): void {
    while (timer === undefined && queue.size > 0) {
      const waitMs = rate.take(monotonicMs())
      if (waitMs === 0) beginNext()
      else {
        timer = setTimeout(() => {
          timer = undefined
          beginNext()
          serve()
        }, waitMs)
      }
    }
  }

  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', ignore)
    queue.add(neighbourhoodOf(socket.remoteAddress ?? 'unknown'), socket)
    if (queue.size > limits.handshakesWaiting) {
      const dropped = queue.dropNewest()
      const who = dropped?.remoteAddress ?? 'unknown'
      refusals.refuse('handshake-rate', who, `more than ${limits.handshakesWaiting} wait for their handshake`)
      dropped?.destroy()
    }
    serve()
  })
  server.maxConnections = limits.connections
  return {
    server,
    waiting: () => queue.size,
    stop: () => clearTimeout(timer),
  }
}

/** A connection that breaks while it waits is noticed when its turn comes. */
function ignore(): void {}

import { listen, type WireOptions, type WireServer } from './listener.ts'
import type { Pace } from './pace.ts'
import { RtuLine } from './rtu-line.ts'
import type { ServedDevice } from './served-device.ts'

export interface RtuTcpServerOptions extends WireOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly devices: readonly ServedDevice[]
  /** Of the line behind the serial server. */
  readonly pace: Pace
}

/**
 * A serial server: Modbus RTU frames over sockets, with a line behind it that its connections take turns on. Rejects with
 * Fault `transport` where the port cannot be had.
 */
export function serveRtuOverTcp(options: RtuTcpServerOptions): Promise<WireServer> {
  const { host, port, devices, faults, warn, pace, clock } = options
  const line = new RtuLine(devices, pace, clock)
  return listen({
    ...{ host, port, faults, warn, devices: devices.map(({ device }) => device.name) },
    serve: (socket, signal) => {
      const heard = line.connect({
        signal,
        write: (bytes) => void (socket.writable && socket.write(bytes)),
        hold: (isFull) => void (isFull ? socket.pause() : socket.resume()),
        reset: () => void socket.resetAndDestroy(),
        end: () => void socket.end(),
      })
      socket.on('data', heard.bytes)
      socket.on('end', heard.ended)
    },
  })
}

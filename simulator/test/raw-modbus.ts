import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection that sends exactly the bytes it is told, and waits for as many as it is told. */
export async function rawConnection(port: number) {
  const socket: Socket = connect({ host: '127.0.0.1', port })
  let held = Buffer.alloc(0)
  let wake: () => void = () => undefined
  socket.on('error', () => undefined)
  socket.on('data', (data) => {
    held = Buffer.concat([held, data])
    wake()
  })
  const closed = new Promise<'closed'>((resolve) => {
    socket.on('close', () => resolve('closed'))
  })
  await once(socket, 'connect')
  return {
    socket,
    closed,
    /** Bytes that have come and were not received yet. */
    waiting: () => held.length,
    send: (hex: string) => void socket.write(Buffer.from(hex.replaceAll(' ', ''), 'hex')),
    async receive(bytes: number): Promise<string> {
      while (held.length < bytes) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const taken = held.subarray(0, bytes).toString('hex')
      held = held.subarray(bytes)
      return taken
    },
  }
}

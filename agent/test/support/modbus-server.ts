import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { encodeImage, lengthOf, shippedModel } from '@wattfleet/devices'

export interface SimpleMeter {
  readonly port: number
  /** While silent it accepts connections and answers nothing. */
  silent: boolean
  close(): Promise<void>
}

/** An SDM630 on Modbus TCP (MODBUS Messaging on TCP/IP, 4.2) that answers function 4 from `values`, asked anew each time. */
export async function sdm630Server(values: () => Record<string, number>): Promise<SimpleMeter> {
  const { points } = shippedModel('eastron-sdm630')
  const sockets = new Set<Socket>()
  const meter = { silent: false }
  const server = createServer((socket) => {
    sockets.add(socket)
    let waiting = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk])
      for (; waiting.length >= 12; waiting = waiting.subarray(12)) {
        if (!meter.silent) socket.write(answer(waiting.subarray(0, 12)))
      }
    })
  })
  // request: transaction 2 | protocol 2 | length 2 | unit 1 | function 1 | address 2 | count 2
  function answer(request: Buffer): Buffer {
    const at = request.readUInt16BE(8)
    const count = request.readUInt16BE(10)
    const image = encodeImage(points, values(), lengthOf(points))
    const out = Buffer.alloc(9 + 2 * count)
    request.copy(out, 0, 0, 8)
    out.writeUInt16BE(3 + 2 * count, 4)
    out.writeUInt8(2 * count, 8)
    for (let i = 0; i < count; i++) out.writeUInt16BE(image[at + i] ?? 0, 9 + 2 * i)
    return out
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(meter, {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

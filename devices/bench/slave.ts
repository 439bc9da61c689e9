import { createServer } from 'node:net'

/*
 * The slave that all clients of the bench read: Modbus TCP, functions 3 and 4, every register holds its own address. A
 * process of its own, so that no client shares its thread; prints its port.
 */
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  let held = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const answers: Buffer[] = []
    for (; held.length >= 12; held = held.subarray(12)) {
      const at = held.readUInt16BE(8)
      const count = held.readUInt16BE(10)
      const answer = Buffer.alloc(9 + 2 * count)
      held.copy(answer, 0, 0, 8)
      answer.writeUInt16BE(3 + 2 * count, 4)
      answer.writeUInt8(2 * count, 8)
      for (let i = 0; i < count; i++) answer.writeUInt16BE((at + i) & 0xffff, 9 + 2 * i)
      answers.push(answer)
    }
    if (answers.length > 0) socket.write(Buffer.concat(answers))
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`)
})

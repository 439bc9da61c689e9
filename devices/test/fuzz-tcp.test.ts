import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openModbusTcp } from '../src/index.ts'
import { random } from './random.ts'

/** Answers whose header was changed; a hundred times as many with WATTFLEET_FUZZ=100. */
const ANSWERS = 2_000 * Number(process.env.WATTFLEET_FUZZ ?? 1)
const COUNT = 4
/** Transaction, protocol, length, unit, function, count of bytes: what tells one answer from another. */
const HEADER_BYTES = 9

const pick = random(0x7c9)

/** The answer to a request: every register holds its own address. */
function answerTo(request: Buffer): Buffer {
  const [at, count] = [request.readUInt16BE(8), request.readUInt16BE(10)]
  const answer = Buffer.alloc(HEADER_BYTES + 2 * count)
  request.copy(answer, 0, 0, 8)
  answer.writeUInt16BE(3 + 2 * count, 4)
  answer[8] = 2 * count
  for (let i = 0; i < count; i++) answer.writeUInt16BE((at + i) & 0xffff, HEADER_BYTES + 2 * i)
  return answer
}

/** The same with something of its header changed, cut off, or another's answer before it. */
function changed(answer: Buffer): Buffer {
  const at = pick(HEADER_BYTES)
  switch (pick(5)) {
    case 0:
      answer[at] = (answer[at] ?? 0) ^ (1 << pick(8))
      return answer
    case 1:
      answer[at] = pick(256)
      return answer
    case 2:
      return answer.subarray(0, pick(answer.length))
    case 3: {
      const other = answerTo(Buffer.from([pick(256), pick(256), 0, 0, 0, 6, 1, 3, pick(256), pick(256), 0, COUNT]))
      return Buffer.concat([other, answer])
    }
    default:
      return Buffer.concat([answer, answer.subarray(0, pick(answer.length))])
  }
}

let served: (socket: Socket) => void = () => undefined
const server = createServer((socket) => served(socket))
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => void server.close())

it('gives no registers but those of its own answer, whatever was done to the header', {
  timeout: 60_000 * Math.max(1, ANSWERS / 2_000),
}, async () => {
  served = (socket) => {
    socket.on('error', () => undefined)
    // closed behind its answer: what is not one is given up at once
    socket.on('data', (request) => socket.end(changed(answerTo(request))))
  }
  const { port } = server.address() as AddressInfo
  const seen = { right: 0, fault: 0 }
  const line = openModbusTcp({ host: '127.0.0.1', port, timeoutMs: 2_000, backsOff: false })
  try {
    for (let n = 0; n < ANSWERS; n++) {
      const at = (n * 7) % 60_000
      const own = Array.from({ length: COUNT }, (_, i) => at + i)
      try {
        const read = { unitId: 1, kind: 'holding', at, count: COUNT } as const
        const registers = await line.readRegisters(read, new AbortController().signal)
        expect(registers).toEqual(own)
        seen.right++
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'Fault') throw error
        seen.fault++
      }
    }
  } finally {
    await line.close()
  }
  expect(seen.right + seen.fault).toBe(ANSWERS)
  expect(seen.right).toBeGreaterThan(0)
  expect(seen.fault).toBeGreaterThan(ANSWERS / 10)
})

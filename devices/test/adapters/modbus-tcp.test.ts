import { Fault } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { openModbusTcp } from '../../src/adapters/modbus-tcp.ts'
import { FIRST_WAIT_MS } from '../../src/core/back-off.ts'
import { exceptionOf, missingReasonOf } from '../../src/core/faults.ts'
import type { ModbusConnection } from '../../src/ports.ts'
import { type Asked, frame, type Line, tcpDevice } from '../tcp-device.ts'

const never = new AbortController().signal
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A device that does this, and a connection to it whose back-off runs on a clock that the test moves. */
async function connection(answer: (asked: Asked, line: Line) => void, timeoutMs = 60) {
  const device = await tcpDevice(answer)
  const clock = { ms: 0 }
  const modbus = openModbusTcp({ host: '127.0.0.1', port: device.port, timeoutMs, monotonicMs: () => clock.ms })
  closing.push(
    () => device.close(),
    () => modbus.close(),
  )
  return { device, clock, modbus }
}

function ask(modbus: ModbusConnection, at: number, unitId = 1, count = 1) {
  return modbus.readRegisters({ unitId, kind: 'input', at, count }, never)
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome = await promise.then(
    (value) => value,
    (error: unknown) => error,
  )
  if (!(outcome instanceof Fault)) throw new Error(`expected a fault, got ${String(outcome)}`)
  return outcome
}

/** Every register holds its own address. */
const addresses = (asked: Asked, line: Line) =>
  line.registers(
    asked,
    Array.from({ length: asked.count }, (_, i) => asked.at + i),
  )

describe('a Modbus TCP connection', () => {
  it('reads input registers by function 4 and holding registers by function 3', async () => {
    const { modbus, device } = await connection(addresses)
    expect(await ask(modbus, 100, 7, 3)).toEqual([100, 101, 102])
    await modbus.readRegisters({ unitId: 8, kind: 'holding', at: 5, count: 125 }, never)
    expect(device.asked.map(({ unitId, code, at, count }) => [unitId, code, at, count])).toEqual([
      [7, 4, 100, 3],
      [8, 3, 5, 125],
    ])
    expect(device.connections()).toBe(1)
  })

  it.each([
    { code: 1, retryable: false, reason: 'exception' },
    { code: 2, retryable: false, reason: 'exception' },
    { code: 3, retryable: false, reason: 'exception' },
    { code: 4, retryable: true, reason: 'exception' },
    { code: 6, retryable: true, reason: 'exception' },
    { code: 10, retryable: true, reason: 'unreachable' },
    { code: 11, retryable: true, reason: 'unreachable' },
  ])('tells exception $code from silence, and keeps the connection', async ({ code, retryable, reason }) => {
    const { modbus, clock, device } = await connection((asked, line) =>
      asked.at === 9 ? line.exception(asked, code) : addresses(asked, line),
    )
    const fault = await faultOf(ask(modbus, 9))
    expect([fault.code, exceptionOf(fault), fault.retryable]).toEqual(['device', code, retryable])
    expect(missingReasonOf(fault)).toBe(reason)
    clock.ms += FIRST_WAIT_MS
    expect(await ask(modbus, 10)).toEqual([10])
    expect(device.connections()).toBe(1)
  })

  it('asks a device that is busy again until it answers', async () => {
    let times = 0
    const { modbus, device } = await connection((asked, line) =>
      ++times < 3 ? line.exception(asked, 6) : addresses(asked, line),
    )
    expect(await ask(modbus, 5)).toEqual([5])
    expect(device.asked).toHaveLength(3)
  })

  it('writes once, whatever comes of it', async () => {
    const { modbus, device } = await connection((_, line) => line.socket.destroy())
    const fault = await faultOf(modbus.writeRegisters({ unitId: 1, at: 5, values: [1] }, never))
    expect(missingReasonOf(fault)).toBe('connection')
    expect(device.asked).toHaveLength(1)
  })

  it('reports silence as a time-out, then leaves the device alone for a while', async () => {
    const { modbus, clock, device } = await connection(() => undefined)
    const silent = await faultOf(ask(modbus, 1))
    expect([silent.code, silent.retryable, missingReasonOf(silent)]).toEqual(['timeout', true, 'timeout'])
    const spared = await faultOf(ask(modbus, 1))
    expect([spared.code, spared.retryable, missingReasonOf(spared)]).toEqual(['transport', true, 'backing-off'])
    expect(device.asked).toHaveLength(1)
    clock.ms += FIRST_WAIT_MS
    await faultOf(ask(modbus, 1))
    expect(device.asked).toHaveLength(2)
  })

  it('never takes a late reply for the answer to another request', async () => {
    const late: (() => void)[] = []
    const { modbus, clock, device } = await connection((asked, line) => {
      if (asked.at !== 100) return addresses(asked, line)
      // the answer waits until the next request is on the line, and bears that request's transaction as well
      late.push(() => {
        line.registers(asked, [100])
        line.registers({ ...asked, transaction: asked.transaction + 1 }, [100])
      })
    })
    for (let i = 0; i < 10; i++) {
      expect((await faultOf(ask(modbus, 100))).code).toBe('timeout')
      clock.ms += 60_000
      const next = ask(modbus, 200)
      for (const send of late.splice(0)) send()
      expect(await next).toEqual([200])
    }
    expect(device.connections()).toBe(11)
  })

  it('ignores an answer of another transaction', async () => {
    const { modbus } = await connection((asked, line) => {
      line.registers({ ...asked, transaction: asked.transaction + 77 }, [666])
      addresses(asked, line)
    })
    expect(await ask(modbus, 100)).toEqual([100])
  })

  it.each<[string, (asked: Asked, line: Line) => void]>([
    ['another unit', (asked, line) => line.registers({ ...asked, unitId: asked.unitId + 1 }, [1])],
    ['another function', (asked, line) => line.registers({ ...asked, code: 3 }, [1])],
    ['too few registers', (asked, line) => line.registers(asked, [])],
    ['too many registers', (asked, line) => line.registers(asked, [1, 2])],
    ['a frame of two bytes', (asked, line) => void line.socket.write(frame(asked, Buffer.from([4])))],
    ['an empty frame', (_, line) => void line.socket.write(Buffer.from([0, 1, 0, 0, 0, 0, 0]))],
  ])('refuses an answer from %s and connects anew', async (_, wrong) => {
    const { modbus, clock, device } = await connection((asked, line) =>
      asked.at === 9 ? wrong(asked, line) : addresses(asked, line),
    )
    const fault = await faultOf(ask(modbus, 9))
    expect([fault.code, missingReasonOf(fault)]).toEqual(['protocol', 'malformed'])
    // said once more, on another connection
    expect(device.asked.filter(({ at }) => at === 9)).toHaveLength(2)
    clock.ms += FIRST_WAIT_MS
    expect(await ask(modbus, 10)).toEqual([10])
    expect(device.connections()).toBe(3)
  })

  it.each<[string, (line: Line) => void]>([
    ['a reset', (line) => line.socket.resetAndDestroy()],
    ['an end', (line) => line.socket.end()],
  ])('notices %s while an answer is awaited at once, and connects anew', async (_, cut) => {
    const { modbus, clock, device } = await connection(
      (asked, line) => (asked.at === 9 ? cut(line) : addresses(asked, line)),
      // the test would run into this if the loss went unnoticed
      20_000,
    )
    const fault = await faultOf(ask(modbus, 9))
    expect([fault.code, fault.retryable, missingReasonOf(fault)]).toEqual(['transport', true, 'connection'])
    // said once more, on another connection
    expect(device.asked.filter(({ at }) => at === 9)).toHaveLength(2)
    clock.ms += FIRST_WAIT_MS
    expect(await ask(modbus, 10)).toEqual([10])
    expect(device.connections()).toBe(3)
  })

  it('reports a refused connection, and backs off from it', async () => {
    const { modbus, device, clock } = await connection(addresses)
    await device.close()
    expect(missingReasonOf(await faultOf(ask(modbus, 1)))).toBe('connection')
    expect(missingReasonOf(await faultOf(ask(modbus, 1)))).toBe('backing-off')
    clock.ms += FIRST_WAIT_MS
    expect(missingReasonOf(await faultOf(ask(modbus, 1)))).toBe('connection')
  })

  it('takes an answer that drips in byte by byte', async () => {
    const { modbus } = await connection((asked, line) => {
      const bytes = [...frame(asked, Buffer.from([4, 2, 0x12, 0x34]))]
      const drip = () => {
        const byte = bytes.shift()
        if (byte !== undefined) line.socket.write(Buffer.from([byte]), () => setImmediate(drip))
      }
      line.socket.setNoDelay()
      drip()
    }, 5_000)
    expect(await ask(modbus, 1)).toEqual([0x1234])
  })

  it('gives devices on one connection fair turns, and a dead one does not hold up the others', async () => {
    const { modbus, device } = await connection((asked, line) =>
      asked.unitId === 1 ? undefined : addresses(asked, line),
    )
    const dead = [1, 2, 3].map((at) => faultOf(ask(modbus, at, 1)))
    const others = [2, 3].flatMap((unitId) => [10, 11].map((at) => ask(modbus, at, unitId)))
    expect(await Promise.all(others)).toEqual([[10], [11], [10], [11]])
    expect((await Promise.all(dead)).map(missingReasonOf)).toEqual(['timeout', 'backing-off', 'backing-off'])
    expect(device.asked.map(({ unitId }) => unitId)).toEqual([1, 2, 3, 2, 3])
  })

  it('bounds what may wait', async () => {
    const { modbus } = await connection(() => undefined)
    const asked = Array.from({ length: 40 }, () => faultOf(ask(modbus, 1)))
    const reasons = (await Promise.all(asked)).map((fault) => fault.message.includes('waiting already'))
    expect(reasons.filter(Boolean)).toHaveLength(7)
  })

  it('lets a caller go at once when its signal is aborted, before its turn and during it', async () => {
    const { modbus, device } = await connection(
      (asked, line) => (asked.at === 1 ? undefined : addresses(asked, line)),
      500,
    )
    const first = new AbortController()
    const second = new AbortController()
    const running = faultOf(modbus.readRegisters({ unitId: 1, kind: 'input', at: 1, count: 1 }, first.signal))
    const waiting = faultOf(modbus.readRegisters({ unitId: 1, kind: 'input', at: 2, count: 1 }, second.signal))
    second.abort()
    first.abort()
    expect(missingReasonOf(await waiting)).toBe('stopped')
    expect(missingReasonOf(await running)).toBe('stopped')
    expect(device.asked.filter(({ at }) => at === 2)).toEqual([])
  })

  it('stops at once: what runs and what waits is told so, and nothing is asked after', async () => {
    const { modbus } = await connection(() => undefined, 20_000)
    const asked = [1, 2].map((at) => faultOf(ask(modbus, at)))
    await modbus.close()
    expect((await Promise.all(asked)).map(missingReasonOf)).toEqual(['stopped', 'stopped'])
    expect(missingReasonOf(await faultOf(ask(modbus, 3)))).toBe('stopped')
  })

  it('refuses a request that no frame can hold', async () => {
    const { modbus } = await connection(addresses)
    expect(() => ask(modbus, 0, 1, 126)).toThrow(RangeError)
    expect(() => ask(modbus, 65_535, 1, 2)).toThrow(RangeError)
    expect(() => ask(modbus, 0, 256, 1)).toThrow(RangeError)
  })
})

import { connect } from 'node:net'
import { Fault } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { startModbusProxy } from '../../src/adapters/modbus-proxy.ts'
import { openModbusTcp } from '../../src/adapters/modbus-tcp.ts'
import { exceptionOf } from '../../src/core/faults.ts'
import { type Asked, type Line, tcpDevice } from '../tcp-device.ts'

const never = new AbortController().signal
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const addresses = (asked: Asked, line: Line) =>
  line.registers(
    asked,
    Array.from({ length: asked.count }, (_, i) => asked.at + i),
  )

/** A device that accepts one connection, the proxy before it, and clients of the proxy. */
async function proxied(answer: (asked: Asked, line: Line) => void, timeoutMs = 80) {
  const device = await tcpDevice(answer)
  const own = openModbusTcp({ host: '127.0.0.1', port: device.port, timeoutMs, monotonicMs: () => 0 })
  const proxy = await startModbusProxy({ host: '127.0.0.1', port: 0, reader: own })
  closing.push(
    () => device.close(),
    () => own.close(),
    () => proxy.close(),
  )
  const client = () => {
    const one = openModbusTcp({ host: '127.0.0.1', port: proxy.port, timeoutMs: 2_000 })
    closing.push(() => one.close())
    return one
  }
  return { device, own, proxy, client }
}

describe('a read-only proxy', () => {
  it('lets several read a device over the one connection that it accepts', async () => {
    const { device, own, client } = await proxied(addresses)
    const asked = [own, client(), client()].flatMap((one) =>
      [100, 200].map((at) => one.readRegisters({ unitId: 1, kind: 'input', at, count: 2 }, never)),
    )
    const pair = [
      [100, 101],
      [200, 201],
    ]
    expect(await Promise.all(asked)).toEqual([...pair, ...pair, ...pair])
    const holding = { unitId: 9, kind: 'holding', at: 7, count: 125 } as const
    expect(await client().readRegisters(holding, never)).toHaveLength(125)
    expect(device.connections()).toBe(1)
  })

  it('writes nothing', async () => {
    const { device, client } = await proxied(addresses)
    const fault = await client()
      .writeRegisters({ unitId: 1, at: 5, values: [1] }, never)
      .catch((error: unknown) => error)
    expect(exceptionOf(fault)).toBe(1)
    expect(device.asked).toEqual([])
  })

  it.each<[string, (asked: Asked, line: Line) => void, number]>([
    ['the device’s own exception', (asked, line) => line.exception(asked, 2), 2],
    ['that it does not answer', () => undefined, 11],
    ['that the connection was lost', (_, line) => line.socket.destroy(), 10],
    ['that it answers with a bad frame', (asked, line) => line.registers(asked, [1, 2, 3]), 11],
  ])('says %s', async (_, answer, code) => {
    const { client } = await proxied(answer)
    const request = { unitId: 1, kind: 'input', at: 0, count: 1 } as const
    const fault = await client()
      .readRegisters(request, never)
      .catch((error: unknown) => error)
    expect(exceptionOf(fault)).toBe(code)
  })

  it.each([
    ['no registers', '0001 0000 0006 01 04 0000 0000', '0001 0000 0003 01 84 03'],
    ['more than a request may have', '0001 0000 0006 01 04 0000 007e', '0001 0000 0003 01 84 03'],
    ['registers beyond the last', '0001 0000 0006 01 04 ffff 0002', '0001 0000 0003 01 84 02'],
    ['a request that is too long', '0001 0000 0007 01 04 0000 0001 00', '0001 0000 0003 01 84 03'],
    [
      'two requests at once',
      '0001 0000 0006 01 04 0005 0001 0002 0000 0006 01 04 0006 0001',
      '0001 0000 0005 01 04 02 0005 0002 0000 0005 01 04 02 0006',
    ],
  ])('answers %s as the specification says', async (_, request, answer) => {
    const { proxy } = await proxied(addresses)
    const bytes = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
    const socket = connect(proxy.port, '127.0.0.1')
    socket.write(bytes(request))
    let came = Buffer.alloc(0)
    for await (const chunk of socket) {
      came = Buffer.concat([came, chunk as Buffer])
      if (came.length >= bytes(answer).length) break
    }
    expect(came.toString('hex')).toBe(bytes(answer).toString('hex'))
  })

  it('closes on what is no Modbus TCP', async () => {
    const { proxy } = await proxied(addresses)
    const socket = connect(proxy.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\n\r\n')
    const came: Buffer[] = []
    for await (const chunk of socket) came.push(chunk as Buffer)
    expect(came).toEqual([])
  })

  it('says where it cannot listen', async () => {
    const { proxy, own } = await proxied(addresses)
    const again = startModbusProxy({ host: '127.0.0.1', port: proxy.port, reader: own })
    await expect(again).rejects.toBeInstanceOf(Fault)
    await expect(again).rejects.toMatchObject({ message: expect.stringContaining(`127.0.0.1:${proxy.port}`) })
  })
})

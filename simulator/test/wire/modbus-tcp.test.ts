import { Fault } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import type { WireDevice } from '../../src/wire/device.ts'
import { serveModbusTcp } from '../../src/wire/modbus-tcp.ts'
import { rawConnection } from '../raw-modbus.ts'
import { bench, closing, onTcp } from '../served.ts'

/** A device with input registers 100 to 299 that hold their own address, `plus` more for another unit. */
function addresses(name: string, unitId: number, plus = 0): WireDevice {
  const table = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`r${i}`, { at: i, as: 'u16' } as const]))
  const values = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`r${i}`, 100 + i + plus]))
  return {
    ...{ name, unitId, values: () => values },
    parts: [{ kind: 'input', at: 100, length: 200, holes: 'readable', table }],
  }
}

async function device() {
  return onTcp([addresses('meter', 1)])
}

describe('a served Modbus TCP device', () => {
  it.each([
    { what: 'registers', request: '0102 0000 0006 01 04 0064 0002', answer: '0102 0000 0007 01 04 04 0064 0065' },
    { what: 'the last register', request: '0102 0000 0006 01 04 012b 0001', answer: '0102 0000 0005 01 04 02 012b' },
    { what: 'another function', request: '0102 0000 0006 01 03 0064 0002', answer: '0102 0000 0003 01 83 01' },
    { what: 'a write', request: '0102 0000 0006 01 06 0064 0002', answer: '0102 0000 0003 01 86 01' },
    {
      what: 'an address before its first',
      request: '0102 0000 0006 01 04 0063 0002',
      answer: '0102 0000 0003 01 84 02',
    },
    { what: 'an address past its last', request: '0102 0000 0006 01 04 012b 0002', answer: '0102 0000 0003 01 84 02' },
    { what: 'no registers', request: '0102 0000 0006 01 04 0064 0000', answer: '0102 0000 0003 01 84 03' },
    { what: '126 registers', request: '0102 0000 0006 01 04 0064 007e', answer: '0102 0000 0003 01 84 03' },
    { what: 'a request that is too short', request: '0102 0000 0005 01 04 0064 00', answer: '0102 0000 0003 01 84 03' },
    { what: 'another unit', request: '0102 0000 0006 02 04 0064 0002', answer: '0102 0000 0003 02 84 0b' },
  ])('answers $what', async ({ request, answer }) => {
    const { port } = await device()
    const line = await rawConnection(port)
    const expected = answer.replaceAll(' ', '')
    line.send(request)
    expect(await line.receive(expected.length / 2)).toBe(expected)
    line.socket.destroy()
  })

  it('answers requests that come in one piece, and one that comes in many', async () => {
    const { port } = await device()
    const line = await rawConnection(port)
    line.socket.setNoDelay()
    line.send('0001 0000 0006 01 04 0064 0001 0002 0000 0006 01 04 0065 0001 0003 0000')
    expect(await line.receive(22)).toBe('0001000000050104020064'.concat('0002000000050104020065'))
    for (const byte of '0006 01 04 0066 0001'.replaceAll(' ', '').match(/../g) ?? []) line.send(byte)
    expect(await line.receive(11)).toBe('0003000000050104020066')
    line.socket.destroy()
  })

  it.each([
    { what: 'another protocol', bytes: '0102 0001 0006 01 04 0064 0002' },
    { what: 'a body that is too long', bytes: '0102 0000 00ff 01' },
    { what: 'a body that is too short', bytes: '0102 0000 0001 01' },
    { what: 'HTTP', bytes: Buffer.from('GET / HTTP/1.1').toString('hex') },
  ])('hangs up on $what', async ({ bytes }) => {
    const { port } = await device()
    const line = await rawConnection(port)
    line.send(bytes)
    expect(await line.closed).toBe('closed')
  })

  it('serves no more than 16 connections at once', async () => {
    const { port } = await device()
    const lines = await Promise.all(Array.from({ length: 16 }, () => rawConnection(port)))
    const tooMany = await rawConnection(port)
    expect(await tooMany.closed).toBe('closed')
    lines[0]?.socket.destroy()
    for (const line of lines.slice(1)) {
      line.send('0001 0000 0006 01 04 0064 0001')
      expect(await line.receive(11)).toBe('0001000000050104020064')
    }
  })

  it('says so when its port is taken', async () => {
    const { port } = await device()
    const { wire, devices } = bench([addresses('other', 1)], 'modbus-tcp')
    const taken = () => serveModbusTcp({ ...wire, host: '127.0.0.1', port, devices, absent: 'exception' })
    await expect(taken()).rejects.toThrow(Fault)
    await expect(taken()).rejects.toThrow(/cannot be listened on/)
  })

  it('ends a connection whose other side has ended, after the answers', async () => {
    const { port } = await device()
    const line = await rawConnection(port)
    line.send('0001 0000 0006 01 04 0064 0001')
    line.socket.end()
    expect(await line.receive(11)).toBe('0001000000050104020064')
    expect(await line.closed).toBe('closed')
  })
})

describe('several units on one port', () => {
  it('answers each by its unit, requests in the order in which they came', async () => {
    const { port } = await onTcp([addresses('one', 1), addresses('two', 2, 1000)])
    const line = await rawConnection(port)
    closing.push(() => line.socket.destroy())
    line.send('0001 0000 0006 02 04 0064 0001 0002 0000 0006 01 04 0064 0001 0003 0000 0006 03 04 0064 0001')
    expect(await line.receive(11)).toBe('000100000005020402044c')
    expect(await line.receive(11)).toBe('0002000000050104020064')
    expect(await line.receive(9)).toBe('00030000000303840b')
  })

  it('keeps still for a unit that is not there, where it is no gateway', async () => {
    const { port } = await onTcp([addresses('one', 1)], { absent: 'silence' })
    const line = await rawConnection(port)
    closing.push(() => line.socket.destroy())
    line.send('0001 0000 0006 02 04 0064 0001 0002 0000 0006 01 04 0064 0001')
    expect(await line.receive(11)).toBe('0002000000050104020064')
  })

  it('answers a flood of requests whole and in order', async () => {
    const { port } = await onTcp([addresses('one', 1)])
    const line = await rawConnection(port)
    closing.push(() => line.socket.destroy())
    const ids = Array.from({ length: 1_000 }, (_, i) => i.toString(16).padStart(4, '0'))
    line.send(ids.map((id) => `${id} 0000 0006 01 04 0064 0001`).join(' '))
    expect(await line.receive(11_000)).toBe(ids.map((id) => `${id}000000050104020064`).join(''))
  })
})

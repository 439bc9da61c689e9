import { describe, expect, it } from 'vitest'
import { freePorts } from '../../../test-support/ports.ts'
import { systemLines } from '../../src/adapters/lines.ts'
import type { Lines } from '../../src/discovery/ports.ts'
import { ran } from './captured.ts'
import { deviceThat, gateway, sdm630, sunSpecInverter } from './devices.ts'

const on = (...ports: number[]) => ports.map((port) => `--tcp 127.0.0.1:${port}`).join(' ')

describe('scan', () => {
  it('prints each find with its evidence, the models that fit, and how to read it', async () => {
    const { port } = await deviceThat(gateway({ 1: sdm630(), 3: sunSpecInverter() }))
    const { code, out, err } = await ran(`scan ${on(port)} --units 1-3`)
    expect(code).toBe(0)
    const [, meter = '', inverter = ''] = out.split(/^127.*unit /m)
    expect(meter).toMatch(
      /^1\n {2}answered function 4, registers 0–1: 0x4366 0x199a\n {2}fits {5}eastron-sdm630 +likely +230/,
    )
    expect(meter).toContain(`npx wattfleet-devices read --tcp 127.0.0.1:${port} --unit 1 --model eastron-sdm630`)
    expect(inverter).toMatch(/^3\n {2}answered function 4, registers 0–1: exception 1, illegal function$/m)
    expect(inverter).toContain('"SunS" at 40000: Example Three phases; serial 0001; models 1, 103, 64900')
    expect(inverter).toContain(`read --tcp 127.0.0.1:${port} --unit 3 --model sunspec`)
    // how long it takes at most stands before everything else
    expect(err).toMatch(/^1 address: at most 1 s, and at most \d+ s for each that accepts a connection \(units 1–3\)\n/)
    expect(err).toContain(`127.0.0.1:${port} unit 2: not reached, says a gateway`)
    expect(err).toMatch(/2 found\n$/)
  })

  it('prints JSON lines for programs, and nothing on standard error', async () => {
    const { port } = await deviceThat(gateway({ 1: sdm630() }))
    const { code, out, err } = await ran(`scan ${on(port)} --units 1,2 --json`)
    expect([code, err]).toEqual([0, ''])
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ event }) => event)).toEqual(['plan', 'unreached', 'found', 'done'])
    expect(lines[0]).toMatchObject({ network: { addresses: 1 }, units: [1, 2] })
    expect(lines[2]).toMatchObject({
      line: { name: `127.0.0.1:${port}`, via: 'tcp' },
      units: [1],
      evidence: expect.arrayContaining([
        { asked: { kind: 'input', at: 0, count: 2 }, came: { is: 'registers', registers: [0x4366, 0x199a] } },
      ]),
      suggested: 'eastron-sdm630',
    })
    expect(lines[2].models[0]).toMatchObject({ modelId: 'eastron-sdm630', fit: 'likely', exceptions: 0 })
    expect(lines[3]).toEqual({ event: 'done', found: 1, interrupted: false })
  })

  it('says where nobody is, with exit code 1', async () => {
    const [free = 0] = await freePorts(1)
    const silent = await deviceThat(() => undefined)
    const { code, out, err } = await ran(`scan ${on(free, silent.port)} --units 1 --timeout 20`)
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(/ECONNREFUSED.*: the host is there and refuses/)
    expect(err).toContain(`127.0.0.1:${silent.port} accepts connections and answers none of the units asked`)
    expect(err).toMatch(/nothing found\n$/)
  })

  it('says that a device fits no model, and what to do', async () => {
    const { port } = await deviceThat((asked, line) => line.exception(asked, 2))
    const { code, out } = await ran(`scan ${on(port)} --units 1,2`)
    expect(code).toBe(0)
    expect(out).toContain('units 1–2\n           they answer alike')
    expect(out).toContain('no model that ships: write one (docs/devices.md)')
  })

  it('scans a subnet that is named, and tells only of what it finds', async () => {
    const { port } = await deviceThat(sdm630())
    const { code, out, err } = await ran(`scan --subnet 127.0.0.0/29 --ports ${port} --units 1`)
    expect(code).toBe(0)
    expect(out).toContain(`127.0.0.1:${port} unit 1`)
    expect(err).toContain('6 addresses, 32 at a time')
    expect(err).not.toContain('ECONNREFUSED')
  })

  it('asks all serial ports where nothing is named, and no network', async () => {
    const opened: string[] = []
    const open: Lines['open'] = (target, times) => {
      opened.push(target.via === 'serial' ? target.path : target.via)
      return systemLines().open(target, times)
    }
    const serialPorts = async () => [{ path: '/dev/no-such-port-1' }, { path: '/dev/no-such-port-2' }]
    const { code, err } = await ran('scan', { lines: { ...systemLines(), open, serialPorts } })
    expect(code).toBe(1)
    expect(opened).toEqual(['/dev/no-such-port-1', '/dev/no-such-port-2'])
    expect(err).toMatch(
      /^\/dev\/no-such-port-1, \/dev\/no-such-port-2: 42 settings, units 1–1[01].*: at most \d+ min$/m,
    )
    expect(err).toMatch(/^setting 1 of 42: \/dev\/no-such-port-1 9600 8N1$/m)
    expect(err).toMatch(/no-such-port-1.*: is the adapter plugged in\?/)
  })

  it('says what to do where there is no serial port', async () => {
    const { code, err } = await ran('scan')
    expect(code).toBe(1)
    expect(err).toContain('this computer has no serial port: plug an adapter in, or name a port')
  })

  it('ends with what it found when it is interrupted', async () => {
    const stop = new AbortController()
    const { port } = await deviceThat(() => stop.abort())
    const { code, err } = await ran(`scan ${on(port)} --timeout 50`, { signal: stop.signal })
    expect(code).toBe(130)
    expect(err).toContain('nothing found, interrupted before the end')
  })
})

it.each([
  { line: '--subnet 10.0.0.0/21', said: '--subnet 10.0.0.0/21 has 2048 addresses, more than a /22: name a smaller' },
  { line: '--subnet 10.0.0.0/8 --yes', said: 'at most /16' },
  { line: '--subnet 10.0.0.0', said: 'expected an IPv4 subnet such as 192.168.1.0/24' },
  { line: '--tcp h --units 0-3', said: '--units 0: expected a whole number from 1 to 247' },
  { line: '--tcp h --units 9-3', said: '--units 9-3: expected numbers such as 1-10,126' },
  { line: '--tcp h --units ,', said: '--units: expected numbers' },
  { line: '--serial a --bauds 12', said: '--bauds 12: expected a whole number from 300' },
  { line: '--serial a --frames Q1', said: '--frames Q1: expected parity and stop bits' },
  { line: '--subnet 10.0.0.0/30 --ports 0', said: '--ports 0: expected' },
  { line: '--tcp h --timeout 0', said: '--timeout 0: expected' },
  { line: '192.168.1.0/24', said: '192.168.1.0/24: a flag is missing before it' },
])('scan $line is refused with exit code 2, and asks nothing', async ({ line, said }) => {
  const knock = () => Promise.reject(new Error('asked'))
  const { code, out, err } = await ran(`scan ${line}`, { lines: { ...systemLines(), knock } })
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(said)
})

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePorts } from '../../../test-support/ports.ts'
import { temporaryFolder } from '../temporary.ts'
import { AT_MS, ran } from './captured.ts'
import { deviceThat, gateway, sdm630, sunSpecInverter } from './devices.ts'

const at = (port: number, rest: string) => `--tcp 127.0.0.1:${port} ${rest}`

describe('read', () => {
  it('prints each point with unit, OBIS code and what there is to say', async () => {
    const { port } = await deviceThat(sdm630())
    const { code, out, err } = await ran(`read ${at(port, '--model eastron-sdm630')}`)
    expect([code, err]).toEqual([0, ''])
    const [heading, empty, head, ...rows] = out.trimEnd().split('\n')
    expect(heading).toBe(`Eastron SDM630 at 127.0.0.1:${port} unit 1, 2025-11-13 02:13:20 UTC`)
    expect(empty).toBe('')
    expect(head).toMatch(/^POINT +VALUE +UNIT +OBIS +NOTE$/)
    expect(rows.slice(0, 3)).toEqual([
      expect.stringMatching(/^voltageL1 +230\.1 {3}V +32\.7\.0$/),
      expect.stringMatching(/^voltageL2 +229\.7 {3}V +52\.7\.0$/),
      expect.stringMatching(/^voltageL3 +231\.25 {2}V +72\.7\.0$/),
    ])
    expect(rows).toContainEqual(expect.stringMatching(/^totalPower +-1500 +W +16\.7\.0 +positive is import$/))
    expect(rows).toContainEqual(expect.stringMatching(/^exportEnergy +– +2\.8\.0 +not-available$/))
  })

  it('reads only the points that are wanted, for programs', async () => {
    const { port, asked } = await deviceThat(sdm630())
    const { code, out } = await ran(
      `read ${at(port, '--unit 7 --model eastron-sdm630 --points importEnergy,currentL1 --json')}`,
    )
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      at: new Date(AT_MS).toISOString(),
      line: { name: `127.0.0.1:${port}`, via: 'tcp', host: '127.0.0.1', port },
      ...{ unit: 7, model: 'eastron-sdm630' },
      points: [
        { name: 'importEnergy', quality: 'good', value: 12.5, unit: 'kWh', obis: '1.8.0' },
        { name: 'currentL1', quality: 'missing', reason: 'not-available', unit: 'A', obis: '31.7.0' },
      ],
    })
    expect(new Set(asked.map(({ unitId, code: fn }) => `${unitId} ${fn}`))).toEqual(new Set(['7 4']))
  })

  it('takes a model from a file', async () => {
    const { port } = await deviceThat(sdm630())
    const path = join(temporaryFolder(), 'my-meter.json')
    cpSync(new URL('../../models/eastron-sdm630.json', import.meta.url), path)
    const { out } = await ran(`read ${at(port, `--model ${path} --points frequency --json`)}`)
    expect(JSON.parse(out)).toMatchObject({ model: 'my-meter', points: [{ name: 'frequency', quality: 'good' }] })
  })

  it('walks the models of a SunSpec device: known ones decoded, others by id and length', async () => {
    const { port } = await deviceThat(sunSpecInverter())
    const { code, out, err } = await ran(`read ${at(port, '--model sunspec')}`)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^model 1, Common, at 40002, 66 registers\n.*\nMn +Example$/m)
    expect(out).toMatch(/^model 103, Inverter \(Three Phase\), at 40070, 50 registers$/m)
    expect(out).toMatch(/^W +3200 +W$/m)
    expect(out).toMatch(/^St +MPPT +code 4$/m)
    expect(out).toMatch(/^28 points without a value$/m)
    expect(out).toContain('model 64900, at 40122, 3 registers: not among the published models known here')
    expect(out).not.toContain('W_SF')
  })

  it('shows a SunSpec device to programs', async () => {
    const { port } = await deviceThat(sunSpecInverter())
    const { out } = await ran(`read ${at(port, '--model sunspec --points W,103.St --json')}`)
    expect(JSON.parse(out)).toMatchObject({
      model: 'sunspec',
      models: [
        {
          ...{ id: 103, at: 40_070, length: 50, label: 'Inverter (Three Phase)' },
          points: [
            { name: 'W', quality: 'good', value: 3200, unit: 'W' },
            { name: 'St', quality: 'good', value: 4, state: 'MPPT' },
          ],
        },
      ],
    })
  })
})

describe('read says what went wrong and what to do, with exit code 1,', () => {
  it.each([
    { what: 'silence', answer: () => undefined, said: 'no answer within 40 ms\nis it unit 1? `scan` tries others' },
    {
      what: 'a gateway',
      answer: gateway({}),
      said: 'exception 11, gateway target failed to respond\nthe gateway does not',
    },
    { what: 'another device', answer: sunSpecInverter(), said: 'illegal function\nit answers, but not to this' },
  ])('where there is $what', async ({ answer, said }) => {
    const { port } = await deviceThat(answer)
    const { code, out, err } = await ran(`read ${at(port, '--model eastron-sdm630 --timeout 40')}`)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(said)
  })

  it('where nobody listens', async () => {
    const [port = 0] = await freePorts(1)
    const { code, err } = await ran(`read ${at(port, '--model eastron-sdm630')}`)
    expect(code).toBe(1)
    expect(err).toMatch(/ECONNREFUSED.*\nthe host is there and refuses: is Modbus TCP switched on/)
  })

  it('where there is no such serial port', async () => {
    const { code, err } = await ran('read --serial /dev/no-such-port --model eastron-sdm630')
    expect(code).toBe(1)
    expect(err).toMatch(/\/dev\/no-such-port.*\nis the adapter plugged in\?/)
  })

  it('where the device does not speak SunSpec', async () => {
    const { port } = await deviceThat(sdm630())
    const { code, out, err } = await ran(`read ${at(port, '--model sunspec --json')}`)
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ models: [], fault: { code: 'device' } })
    expect(err).toContain('is SunSpec switched on in the device’s settings?')
  })
})

it.each([
  { line: 'read --tcp h', said: 'name a model' },
  { line: 'read --model eastron-sdm630', said: 'name one line' },
  { line: 'read --tcp h --serial s --model eastron-sdm630', said: 'name one line' },
  { line: 'read --tcp h:0 --model eastron-sdm630', said: '--tcp 0: expected a whole number from 1 to 65535' },
  { line: 'read --tcp h:1:2 --model eastron-sdm630', said: '--tcp h:1:2: expected host[:port]' },
  { line: 'read --rtu-over-tcp h --model eastron-sdm630', said: 'expected host:port' },
  { line: 'read --serial s:9600:X3 --model eastron-sdm630', said: '--serial X3: expected parity and stop bits' },
  { line: 'read --serial s:12 --model eastron-sdm630', said: '--serial 12: expected a whole number from 300' },
  { line: 'read --tcp h --model eastron-sdm630 --unit 256', said: '--unit 256: expected a whole number from 0 to 255' },
  {
    line: 'read --tcp h --model eastron-sdm630 --points power',
    said: 'eastron-sdm630 has no point power; it has volt',
  },
  { line: 'read --tcp h --model ./none.json', said: 'ENOENT' },
  { line: 'read 192.168.1.20 --model eastron-sdm630', said: '192.168.1.20: a flag is missing before it' },
])('"$line" is refused with exit code 2', async ({ line, said }) => {
  const { code, out, err } = await ran(line)
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(said)
})

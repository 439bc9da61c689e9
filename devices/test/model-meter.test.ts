import { manualClock } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { modelMeter, openModbusTcp, shippedModel } from '../src/index.ts'
import { type Asked, hexRegisters, imageFrom, type Line, serving, tcpDevice } from './tcp-device.ts'

const AT_MS = 1_763_000_000_000
const never = new AbortController().signal
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function connectionTo(answer: (asked: Asked, line: Line) => void, timeoutMs = 1000) {
  const device = await tcpDevice(answer)
  const line = openModbusTcp({ host: '127.0.0.1', port: device.port, timeoutMs })
  closing.push(
    () => device.close(),
    () => line.close(),
  )
  return { device, line }
}

async function meterOn(answer: (asked: Asked, line: Line) => void, timeoutMs = 1000) {
  const { device, line } = await connectionTo(answer, timeoutMs)
  return { device, meter: modelMeter(line, 1, shippedModel('eastron-sdm630'), manualClock(AT_MS)) }
}

/** An SDM630 whose power and counters hold these bits; zeros between them, as the meter answers. */
function sdm630(power: string, importEnergy: string, exportEnergy: string) {
  return serving(
    'input',
    imageFrom(
      [0, new Array(0x4c).fill(0)],
      [0x34, hexRegisters(power)],
      [0x48, hexRegisters(importEnergy)],
      [0x4a, hexRegisters(exportEnergy)],
    ),
  )
}

const good = (value: number) => ({ quality: 'good', value, readMs: AT_MS })
const missing = (reason: string) => ({ quality: 'missing', reason, readMs: AT_MS })

describe('an SDM630 at the grid connection', () => {
  it.each([
    { name: 'imports', power: '449a 5000', importW: 1234.5, exportW: 0 },
    { name: 'exports', power: 'c49a 5000', importW: 0, exportW: 1234.5 },
    { name: 'rests', power: '0000 0000', importW: 0, exportW: 0 },
    { name: 'rests, from below', power: '8000 0000', importW: 0, exportW: 0 },
  ])('$name', async ({ power, importW, exportW }) => {
    const { meter } = await meterOn(sdm630(power, '4640 e6b6', '3e80 0000'))
    expect(await meter.read(never)).toEqual({
      atMs: AT_MS,
      stepWh: 1,
      importEnergyWh: good(12_345_678),
      exportEnergyWh: good(250),
      importW: good(importW),
      exportW: good(exportW),
    })
  })

  it('shows its phases to who asks for them', async () => {
    const image = imageFrom([0, new Array(0x4c).fill(0)], [0x0c, hexRegisters('42c8 0000 c2c8 0000 0000 0000')])
    const { device, line } = await connectionTo(serving('input', image))
    const meter = modelMeter(line, 1, shippedModel('eastron-sdm630'), manualClock(AT_MS), { phases: true })
    expect((await meter.read(never)).phasesW).toEqual([good(100), good(-100), good(0)])
    expect(device.asked.map(({ at, count }) => [at, count])).toEqual([
      [0x0c, 6],
      [0x34, 24],
    ])
  })

  it.each(['eastron-sdm120', 'growatt-mod'])('%s has no phases to show', async (id) => {
    const { line } = await connectionTo(serving('input', imageFrom([0, new Array(60_000).fill(0)])))
    const meter = modelMeter(line, 1, shippedModel(id), manualClock(AT_MS), { phases: true })
    expect(await meter.read(never)).not.toHaveProperty('phasesW')
  })

  it('counts what is drawn as positive on each phase, whichever way the device does', async () => {
    const minusHundred = hexRegisters('ffff ff9c')
    const registers = [37_132, 37_134, 37_136].map((at) => [at, minusHundred] as const)
    const { line } = await connectionTo(serving('holding', imageFrom([37_100, new Array(60).fill(0)], ...registers)))
    const meter = modelMeter(line, 1, shippedModel('huawei-sun2000'), manualClock(AT_MS), { phases: true })
    expect((await meter.read(never)).phasesW).toEqual([good(100), good(100), good(100)])
  })

  it('asks once for power and both counters', async () => {
    const { meter, device } = await meterOn(sdm630('0000 0000', '0000 0000', '0000 0000'))
    await meter.read(never)
    expect(device.asked.map(({ code, at, count }) => [code, at, count])).toEqual([[4, 0x34, 24]])
  })

  it.each([
    { name: 'NaN', importEnergy: '7fc0 0000', reason: 'not-available' },
    { name: 'infinite', importEnergy: '7f80 0000', reason: 'not-available' },
    { name: 'below zero', importEnergy: 'bf80 0000', reason: 'implausible' },
    { name: 'beyond what a counter can be', importEnergy: '7f7f ffff', reason: 'implausible' },
  ])('misses a counter that is $name, and keeps the rest', async ({ importEnergy, reason }) => {
    const { meter } = await meterOn(sdm630('449a 5000', importEnergy, '3e80 0000'))
    expect(await meter.read(never)).toMatchObject({
      importEnergyWh: missing(reason),
      exportEnergyWh: good(250),
      importW: good(1234.5),
    })
  })

  it.each<[string, (asked: Asked, line: Line) => void]>([
    ['timeout', () => undefined],
    ['exception', (asked, line) => line.exception(asked, 4)],
    ['connection', (_, line) => void line.socket.destroy()],
    ['malformed', (asked, line) => line.registers(asked, [1, 2, 3])],
  ])('misses everything, without a zero, on %s', async (reason, answer) => {
    // who answers may be slow on a busy computer: only silence is waited for
    const { meter } = await meterOn(answer, reason === 'timeout' ? 50 : 5_000)
    const nothing = missing(reason)
    expect(await meter.read(never)).toEqual({
      atMs: AT_MS,
      stepWh: 1,
      importEnergyWh: nothing,
      exportEnergyWh: nothing,
      importW: nothing,
      exportW: nothing,
    })
  })

  it('misses everything when the caller stops', async () => {
    const { meter } = await meterOn(() => undefined, 20_000)
    const stop = new AbortController()
    const reading = meter.read(stop.signal)
    stop.abort()
    expect((await reading).importEnergyWh).toEqual(missing('stopped'))
  })
})

import { readFileSync } from 'node:fs'
import { manualClock } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { modelIds, modelInverter, modelMeter, openModbusTcp, shippedModel } from '../src/index.ts'
import { hexRegisters, type TcpDevice, tcpDevice } from './tcp-device.ts'

const AT_MS = 1_763_000_000_000
const never = new AbortController().signal
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Golden {
  readonly registers: Readonly<Record<string, string>>
  readonly values: Readonly<Record<string, number | string | null>>
}

/** A device that answers from a model's golden image, with exception 2 for what is not in it, holes included. */
async function golden(id: string): Promise<{ device: TcpDevice; values: Golden['values'] }> {
  const { kind: own } = shippedModel(id)
  const { registers, values }: Golden = JSON.parse(readFileSync(new URL(`models/${id}.json`, import.meta.url), 'utf8'))
  const images = { input: new Map<number, number>(), holding: new Map<number, number>() }
  for (const [key, hex] of Object.entries(registers)) {
    const [kind, at] = key.includes(':') ? key.split(':') : [own, key]
    for (const [i, word] of hexRegisters(hex).entries()) images[kind as 'input' | 'holding'].set(Number(at) + i, word)
  }
  const device = await tcpDevice((asked, line) => {
    const image = images[asked.code === 4 ? 'input' : 'holding']
    const words = Array.from({ length: asked.count }, (_, i) => image.get(asked.at + i))
    if (words.includes(undefined)) line.exception(asked, 2)
    else line.registers(asked, words as number[])
  })
  closing.push(() => device.close())
  return { device, values }
}

const inverters = modelIds().filter((id) => shippedModel(id).points.acPower !== undefined)
const meters = modelIds().filter((id) => shippedModel(id).points.importEnergy !== undefined)
const multiple = (unit = '') => (unit.startsWith('k') ? 1_000 : unit.startsWith('M') ? 1_000_000 : 1)

describe('a device on a real socket', () => {
  it.each(inverters)('%s shows as an inverter what its image says', async (id) => {
    const { device, values } = await golden(id)
    const model = shippedModel(id)
    const connection = openModbusTcp({ host: '127.0.0.1', port: device.port, timeoutMs: 2_000 })
    closing.push(() => connection.close())
    const reading = await modelInverter(connection, 1, model, manualClock(AT_MS)).read(never)
    const acPower = Number(values.acPower) * multiple(model.points.acPower?.unit)
    expect(reading.acPowerW).toEqual({ quality: 'good', value: expect.closeTo(acPower, 1), readMs: AT_MS })
    if (typeof values.lifetimeEnergy === 'number') {
      const wh = values.lifetimeEnergy * multiple(model.points.lifetimeEnergy?.unit)
      expect(reading.lifetimeEnergyWh).toMatchObject({ quality: 'good', value: expect.closeTo(wh, -1) })
    }
  })

  it.each(meters)('%s shows as a grid meter what its image says', async (id) => {
    const { device, values } = await golden(id)
    const { points } = shippedModel(id)
    const connection = openModbusTcp({ host: '127.0.0.1', port: device.port, timeoutMs: 2_000 })
    closing.push(() => connection.close())
    const reading = await modelMeter(connection, 1, shippedModel(id), manualClock(AT_MS)).read(never)
    for (const [name, shown] of [
      ['importEnergy', reading.importEnergyWh],
      ['exportEnergy', reading.exportEnergyWh],
    ] as const) {
      const value = values[name]
      if (typeof value !== 'number' || value < 0) continue
      const wh = value * multiple(points[name]?.unit)
      expect(shown, name).toMatchObject({
        quality: 'good',
        value: expect.closeTo(wh, -1 - Math.log10(reading.stepWh ?? 1)),
      })
    }
    const power = values.totalPower
    if (typeof power === 'number' && reading.importW.quality === 'good' && reading.exportW.quality === 'good') {
      const imported = points.totalPower?.positive === 'export' ? -power : power
      const net = reading.importW.value - reading.exportW.value
      expect(net).toBeCloseTo(imported * multiple(points.totalPower?.unit), 1)
    }
  })
})

it('is refused for a model that is no inverter', () => {
  const connection = openModbusTcp({ host: '127.0.0.1', port: 1 })
  closing.push(() => connection.close())
  const make = () => modelInverter(connection, 1, shippedModel('eastron-sdm630'), manualClock(0))
  expect(make).toThrow('SDM630 shows no power at its AC side')
})

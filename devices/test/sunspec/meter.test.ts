import { manualClock } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { openModbusTcp, type SunSpecMeterOptions, sunSpecMeter } from '../../src/index.ts'
import { serving, tcpDevice } from '../tcp-device.ts'
import { modelImage, sunSpecImage } from './images.ts'

const AT_MS = 1_763_000_000_000
const never = new AbortController().signal
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const good = (value: number) => ({ quality: 'good', value, readMs: AT_MS })
const missing = (reason: string) => ({ quality: 'missing', reason, readMs: AT_MS })

const common = (maker: string) => modelImage(1, { Mn: maker, Md: 'M', SN: '1' })

async function meterOf(models: readonly number[][], options: SunSpecMeterOptions = {}) {
  const slave = await tcpDevice(serving('holding', sunSpecImage(models)))
  const connection = openModbusTcp({ host: '127.0.0.1', port: slave.port, timeoutMs: 1_000 })
  closing.push(
    () => slave.close(),
    () => connection.close(),
  )
  return { slave, meter: sunSpecMeter(connection, 1, manualClock(AT_MS), options) }
}

const integers = { W: -1_234, W_SF: 0, TotWhExp: 1_230, TotWhImp: 98_760, TotWh_SF: 1 }

describe('a SunSpec meter', () => {
  it.each([201, 202, 203, 204])('of model %i shows import and export apart', async (id) => {
    const { meter: one } = await meterOf([common('Fronius'), modelImage(id, integers)])
    expect(await one.read(never)).toEqual({
      ...{
        atMs: AT_MS,
        stepWh: 10,
        importEnergyWh: good(98_760),
        exportEnergyWh: good(1_230),
        importW: good(0),
        exportW: good(1_234),
      },
    })
  })

  it.each([211, 212, 213, 214])('of model %i likewise, in floats', async (id) => {
    const floats = { W: 512.5, TotWhExp: 1_230, TotWhImp: 98_760 }
    const { meter: one } = await meterOf([common('Fronius'), modelImage(id, floats)])
    expect(await one.read(never)).toMatchObject({
      importW: good(512.5),
      exportW: good(0),
      importEnergyWh: good(98_760),
    })
  })

  it('of SolarEdge counts what is fed in as positive, by the common model of the meter itself', async () => {
    const models = [common('Fronius'), modelImage(103, { W: 1, WH: 1 }), common('SolarEdge'), modelImage(203, integers)]
    const { meter: one } = await meterOf(models)
    expect(await one.read(never)).toMatchObject({ importW: good(1_234), exportW: good(0) })
  })

  it('counts as its installer says', async () => {
    const { meter: one } = await meterOf([common('SolarEdge'), modelImage(203, integers)], { positive: 'import' })
    expect(await one.read(never)).toMatchObject({ importW: good(0), exportW: good(1_234) })
  })

  it('is one of several behind a device', async () => {
    const models = [common('A'), modelImage(203, integers), common('B'), modelImage(203, { ...integers, W: 77 })]
    const { meter: second } = await meterOf(models, { which: 2 })
    expect(await second.read(never)).toMatchObject({ importW: good(77) })
    const { meter: third } = await meterOf(models, { which: 3 })
    expect(await third.read(never)).toMatchObject({ importW: missing('unsupported') })
  })

  it('is read in one request once it was found, values and scale factors together', async () => {
    const { meter: one, slave } = await meterOf([common('Fronius'), modelImage(203, integers)])
    await one.read(never)
    const before = slave.asked.length
    await one.read(never)
    const after = slave.asked.slice(before).map(({ at, count }) => [at, count])
    // the model's head, and the run from W to TotWh_SF
    expect(after).toHaveLength(2)
    expect(after[1]?.[1]).toBeLessThan(50)
  })

  it.each([203, 213])('of model %i that never fed in has fed in nothing', async (id) => {
    const { meter: one } = await meterOf([common('Fronius'), modelImage(id, { ...integers, TotWhExp: 0 })])
    expect(await one.read(never)).toMatchObject({ exportEnergyWh: good(0) })
  })

  it('shows nothing for what the device says it has not', async () => {
    const floats = { W: undefined, TotWhExp: undefined, TotWhImp: 98_760 }
    const { meter: one } = await meterOf([common('Fronius'), modelImage(213, floats)])
    const reading = await one.read(never)
    expect(reading).toMatchObject({ exportEnergyWh: missing('not-available'), importW: missing('not-available') })
    expect(reading.importEnergyWh).toEqual(good(98_760))
  })
})

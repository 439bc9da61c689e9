import { manualClock } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { openModbusTcp, sunSpecInverter, walkModels } from '../../src/index.ts'
import { hexRegisters, imageFrom, serving, tcpDevice } from '../tcp-device.ts'

const AT_MS = 1_763_000_000_000
const never = new AbortController().signal
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

// By hand from the published models: id, length, then the points in their order.
const COMMON = `0001 0042 ${'4861 6c64 656e 0000'.padEnd(19 + 0)} ${'0000 '.repeat(66 - 4)}`
const NOT_IMPLEMENTED_PHASES = 'ffff ffff ffff'
const inverter103 = ({ w = '0fa0', wSf = 'ffff', wh = '0012 d687', dcw = '1004', state = '0004' } = {}) =>
  `0067 0032
   ffff ${NOT_IMPLEMENTED_PHASES} 8000
   ${NOT_IMPLEMENTED_PHASES} 08fc 08fc 08fc ffff
   ${w} ${wSf} 1388 fffe 8000 8000 8000 8000 8000 8000
   ${wh} 0000 ffff 8000 ffff 8000 ${dcw} ffff
   8000 8000 8000 8000 8000 ${state} ffff
   0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000`
const UNKNOWN = 'fa00 0003 dead beef cafe'
const input = (id: string, name: string, dcw: string, dcwh: string) =>
  `${id} ${name} ${'0000 '.repeat(6)} ffff ffff ${dcw} ${dcwh} ffff ffff 8000 0004 0000 0000`
const MPPT = `00a0 0030 8000 8000 ffff 0000 0000 0000 0002 ffff
  ${input('0001', '5331 0000', '0802', '0001 0000')} ${input('0002', '5332 0000', 'ffff', '0000 0000')}`
const INVERTER_113 = `0071 003c ${'7fc0 0000 '.repeat(10)} 43c8 0000 ${'7fc0 0000 '.repeat(4)} 4996 b438
  7fc0 0000 7fc0 0000 43cd 0000 ${'7fc0 0000 '.repeat(4)} 0005 ffff ${'0000 0000 '.repeat(6)}`
const END = 'ffff 0000'

function image(base: number, ...models: string[]) {
  return imageFrom([base, hexRegisters(`5375 6e53 ${models.join(' ')}`)])
}

async function device(registers: Map<number, number>) {
  const slave = await tcpDevice(serving('holding', registers))
  const connection = openModbusTcp({ host: '127.0.0.1', port: slave.port, timeoutMs: 1000 })
  closing.push(
    () => slave.close(),
    () => connection.close(),
  )
  return { slave, connection, inverter: sunSpecInverter(connection, 1, manualClock(AT_MS)) }
}

const good = <T>(value: T) => ({ quality: 'good', value, readMs: AT_MS })
const missing = (reason: string) => ({ quality: 'missing', reason, readMs: AT_MS })

describe('a SunSpec inverter', () => {
  it.each([40_000, 0, 50_000, 39_999, 40_001, 1])(
    'is found at %i, its models walked, unknown ones skipped',
    async (base) => {
      const { connection, inverter } = await device(image(base, COMMON, UNKNOWN, inverter103(), MPPT, END))
      expect(await walkModels(connection, 1, never)).toEqual([
        { id: 1, at: base + 2, length: 66 },
        { id: 0xfa00, at: base + 70, length: 3 },
        { id: 103, at: base + 75, length: 50 },
        { id: 160, at: base + 127, length: 48 },
      ])
      expect(await inverter.read(never)).toEqual({
        atMs: AT_MS,
        acPowerW: good(400),
        lifetimeEnergyWh: good(1_234_567),
        dcPowerW: good(410),
        state: good('mppt'),
        dcInputs: [
          { name: 'S1', powerW: good(205), energyWh: good(65_536) },
          { name: 'S2', powerW: missing('not-available'), energyWh: missing('not-available') },
        ],
      })
    },
  )

  it('is read as floats too', async () => {
    const { inverter } = await device(image(40_000, COMMON, INVERTER_113, END))
    expect(await inverter.read(never)).toEqual({
      atMs: AT_MS,
      acPowerW: good(400),
      lifetimeEnergyWh: good(1_234_567),
      dcPowerW: good(410),
      state: good('throttled'),
      dcInputs: [],
    })
  })

  it.each([
    { name: 'power', fields: { w: '8000' }, expected: { acPowerW: missing('not-available') } },
    { name: 'its scale factor', fields: { wSf: '8000' }, expected: { acPowerW: missing('not-available') } },
    { name: 'energy', fields: { wh: '0000 0000' }, expected: { lifetimeEnergyWh: missing('not-available') } },
    { name: 'DC power', fields: { dcw: '8000' }, expected: { dcPowerW: missing('not-available') } },
    { name: 'state', fields: { state: 'ffff' }, expected: { state: missing('not-available') } },
    { name: 'a known state', fields: { state: '0063' }, expected: { state: missing('implausible') } },
  ])('without $name has that one value missing', async ({ fields, expected }) => {
    const { inverter } = await device(image(40_000, COMMON, inverter103(fields), END))
    const whole = { acPowerW: good(400), lifetimeEnergyWh: good(1_234_567), dcPowerW: good(410), state: good('mppt') }
    expect(await inverter.read(never)).toMatchObject({ ...whole, ...expected })
  })

  it('reads a value and its scale factor in one request, so that a change between two readings does no harm', async () => {
    const registers = image(40_000, COMMON, inverter103(), END)
    const { inverter, slave } = await device(registers)
    await inverter.read(never)
    const walked = slave.asked.length
    registers.set(40_070 + 14, 40).set(40_070 + 15, 1)
    expect((await inverter.read(never)).acPowerW).toEqual(good(400))
    expect(slave.asked.slice(walked).map(({ at, count }) => [at, count])).toEqual([[40_070, 52]])
  })

  it('is looked for again when its models have moved', async () => {
    const registers = image(40_000, COMMON, inverter103(), END)
    const { inverter } = await device(registers)
    expect((await inverter.read(never)).acPowerW).toEqual(good(400))
    for (const [at, register] of image(40_000, COMMON, UNKNOWN, inverter103({ w: '07d0' }), END))
      registers.set(at, register)
    expect((await inverter.read(never)).acPowerW).toEqual(missing('malformed'))
    expect((await inverter.read(never)).acPowerW).toEqual(good(200))
  })

  it.each([
    { name: 'no marker', registers: imageFrom([0, [1, 2, 3, 4]]), reason: 'unsupported' },
    { name: 'no inverter model', registers: image(40_000, COMMON, END), reason: 'unsupported' },
    { name: 'a list that does not end', registers: image(40_000, 'fa00 0000 '.repeat(80)), reason: 'unsupported' },
    { name: 'a list that breaks off', registers: image(40_000, COMMON), reason: 'exception' },
  ])('with $name gives nothing', async ({ registers, reason }) => {
    const { inverter } = await device(registers)
    expect(await inverter.read(never)).toMatchObject({
      acPowerW: missing(reason),
      lifetimeEnergyWh: missing(reason),
      state: missing(reason),
    })
  })

  it('that is silent gives nothing, and no exception', async () => {
    const slave = await tcpDevice(() => undefined)
    const connection = openModbusTcp({ host: '127.0.0.1', port: slave.port, timeoutMs: 50 })
    closing.push(
      () => slave.close(),
      () => connection.close(),
    )
    const reading = await sunSpecInverter(connection, 1, manualClock(AT_MS)).read(never)
    expect(reading.acPowerW).toEqual(missing('timeout'))
  })
})

import { manualClock } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { openModbusTcp, sunSpecInverter } from '../../src/index.ts'
import { readSunSpecModel } from '../../src/sunspec/read-model.ts'
import { type Asked, hexRegisters, imageFrom, serving, tcpDevice } from '../tcp-device.ts'

const AT_MS = 1_763_000_000_000
const never = new AbortController().signal
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

// By hand from the published models: id, length, then the points in their order.
const NONE_64 = 'ffff ffff ffff ffff '
const PHASE = `8000 8000 8000 8000 8000 ffff ffff ${NONE_64.repeat(4)}`
const der701 = ({ state = '0003', w = '0fa0', wSf = 'ffff', wh = '0000 0000 0012 d687', whSf = '0000' } = {}) =>
  `02bd 0099 0002 0001 ${state} 0001 0000 0000 0000 0001
   ${w} 8000 8000 8000 8000 ffff 08fc 0000 c350
   ${wh} ${NONE_64.repeat(3)} 8000 8000 8000 8000 8000 8000
   ${PHASE} ${PHASE} ${PHASE}
   ffff 0000 0000 8000 ffff fffd ${wSf} 8000 8000 8000 ${whSf} 8000 8000 ${'0000 '.repeat(32)}`
const port = (name: string, dcw: string, wh = '0001 0000') =>
  `0000 0001 ${name} ${'0000 '.repeat(6)} 8000 ffff ${dcw} 0000 0000 ${wh} ${NONE_64} 8000 0001 0000 0000`
const dc714 = (ports: readonly string[], { dcw = '1004', dcwSf = 'ffff' } = {}) => {
  const hex = (count: number) => count.toString(16).padStart(4, '0')
  return `02ca ${hex(18 + 25 * ports.length)} 0000 0000 ${hex(ports.length)} 8000 ${dcw} ${NONE_64.repeat(2)}
    8000 8000 ${dcwSf} 0000 8000 ${ports.join(' ')}`
}
const PORTS = ['5031', '5032', '5033', '5034', '5035', '5036'].map((name, i) => port(`${name} 0000`, `080${i}`))
const BASE = 40_000
const AT_701 = BASE + 2
const AT_714 = AT_701 + 155

function image(...models: string[]) {
  return imageFrom([BASE, hexRegisters(`5375 6e53 ${models.join(' ')} ffff 0000`)])
}

/** `before` may change the registers at each request. */
async function device(registers: Map<number, number>, before: (asked: Asked) => void = () => undefined) {
  const serve = serving('holding', registers)
  const slave = await tcpDevice((asked, line) => {
    before(asked)
    serve(asked, line)
  })
  const connection = openModbusTcp({ host: '127.0.0.1', port: slave.port, timeoutMs: 1_000 })
  closing.push(
    () => slave.close(),
    () => connection.close(),
  )
  const inverter = sunSpecInverter(connection, 1, manualClock(AT_MS))
  const requests = () => slave.asked.map(({ at, count }) => [at, count])
  return { slave, connection, inverter, requests }
}

const good = <T>(value: T) => ({ quality: 'good', value, readMs: AT_MS })
const missing = (reason: string) => ({ quality: 'missing', reason, readMs: AT_MS })

describe('an inverter with the models of IEEE 1547-2018 alone', () => {
  it('is read: 701 from its id to its last scale factor in one request', async () => {
    const { inverter, requests } = await device(image(der701(), dc714(PORTS.slice(0, 2))))
    expect(await inverter.read(never)).toEqual({
      atMs: AT_MS,
      acPowerW: good(400),
      lifetimeEnergyWh: good(1_234_567),
      dcPowerW: good(410),
      state: good('mppt'),
      dcInputs: [
        { name: 'P1', powerW: good(204.8), energyWh: good(65_536) },
        { name: 'P2', powerW: good(204.9), energyWh: good(65_536) },
      ],
    })
    expect(requests().slice(-2)).toEqual([
      [AT_701, 121],
      [AT_714, 70],
    ])
  })

  it.each([
    { name: 'without power', fields: { w: '8000' }, expected: { acPowerW: missing('not-available') } },
    { name: 'without its scale factor', fields: { wSf: '8000' }, expected: { acPowerW: missing('not-available') } },
    { name: 'that draws power', fields: { w: 'f060' }, expected: { acPowerW: good(-400) } },
    {
      name: 'without energy',
      fields: { wh: NONE_64 },
      expected: { lifetimeEnergyWh: missing('not-available') },
    },
    {
      name: 'that has given no energy',
      fields: { wh: '0000 0000 0000 0000' },
      expected: { lifetimeEnergyWh: good(0) },
    },
    { name: 'that counts kWh', fields: { whSf: '0003' }, expected: { lifetimeEnergyWh: good(1_234_567_000) } },
    { name: 'that is off', fields: { state: '0000' }, expected: { state: good('off') } },
    { name: 'that is throttled', fields: { state: '0004' }, expected: { state: good('throttled') } },
    { name: 'on standby', fields: { state: '0007' }, expected: { state: good('standby') } },
    { name: 'in a state that there is not', fields: { state: '0008' }, expected: { state: missing('implausible') } },
  ])('$name says so', async ({ fields, expected }) => {
    const { inverter } = await device(image(der701(fields)))
    const whole = { acPowerW: good(400), lifetimeEnergyWh: good(1_234_567), state: good('mppt') }
    const without714 = { dcPowerW: missing('unsupported'), dcInputs: [] }
    expect(await inverter.read(never)).toMatchObject({ ...whole, ...without714, ...expected })
  })

  it('is never read with another moment’s scale factor', async () => {
    const registers = image(der701())
    let requests = 0
    const { inverter } = await device(registers, () => {
      // 400 W, said with another factor at each request
      const factor = (requests++ % 3) - 1
      registers.set(AT_701 + 10, 400 * 10 ** -factor).set(AT_701 + 116, factor & 0xffff)
    })
    for (let i = 0; i < 6; i++) expect((await inverter.read(never)).acPowerW).toEqual(good(400))
  })

  it('with a list of inputs that no request holds has its scale factors looked at before and after', async () => {
    const { inverter, requests } = await device(image(der701(), dc714(PORTS)))
    const { dcInputs } = await inverter.read(never)
    expect(dcInputs.map(({ powerW }) => powerW)).toEqual([204.8, 204.9, 205, 205.1, 205.2, 205.3].map(good))
    expect(requests().slice(-5)).toEqual([
      [AT_714 + 17, 2],
      [AT_701, 121],
      [AT_714, 120],
      [AT_714 + 120, 50],
      [AT_714 + 17, 2],
    ])
  })

  it.each([0, 1, 2, 3])('never shows an input as it was not: the factor changes at request %i', async (change) => {
    const registers = image(der701(), dc714(PORTS))
    let requests = Number.NEGATIVE_INFINITY
    const { inverter } = await device(registers, () => {
      if (requests++ !== change) return
      for (let i = 0; i < 6; i++) registers.set(AT_714 + 20 + 25 * i + 12, 30 + i)
      registers.set(AT_714 + 6, 200).set(AT_714 + 17, 1)
    })
    await inverter.read(never)
    requests = 0
    const { dcInputs } = await inverter.read(never)
    const before = [204.8, 204.9, 205, 205.1, 205.2, 205.3]
    const after = [300, 310, 320, 330, 340, 350]
    for (const [i, { powerW }] of dcInputs.entries()) {
      expect([good(before[i]), good(after[i])]).toContainEqual(powerW)
    }
  })

  it('that changes its factor all the time has the far inputs missing, and nothing else', async () => {
    const registers = image(der701(), dc714(PORTS))
    let isOther = false
    const { inverter } = await device(registers, ({ at }) => {
      if (at === AT_714 + 17) isOther = !isOther
      registers.set(AT_714 + 17, isOther ? 0 : 0xffff)
    })
    const { acPowerW, dcInputs } = await inverter.read(never)
    expect(acPowerW).toEqual(good(400))
    expect(dcInputs.map(({ powerW }) => powerW.quality)).toEqual(['good', 'good', 'good', 'good', 'missing', 'missing'])
    expect(dcInputs[5]?.powerW).toEqual(missing('changing'))
  })
})

describe('a model that takes several requests, read for people', () => {
  const at = { id: 714, at: AT_714, length: 18 + 25 * 6 }
  const named = (values: Awaited<ReturnType<typeof readSunSpecModel>>['values'], name: string) =>
    values.find((value) => value.name === name)?.measured

  it('shows all of its values', async () => {
    const { connection } = await device(image(der701(), dc714(PORTS)))
    const { values } = await readSunSpecModel(connection, 1, at, manualClock(AT_MS), never)
    expect(named(values, 'Prt6.DCW')).toEqual(good(205.3))
    expect(named(values, 'Prt6.IDStr')).toEqual(good('P6'))
  })

  it('shows none with another moment’s scale factor', async () => {
    const registers = image(der701(), dc714(PORTS))
    let isOther = false
    const { connection } = await device(registers, () => {
      isOther = !isOther
      registers.set(AT_714 + 17, isOther ? 0 : 0xffff)
    })
    const { values } = await readSunSpecModel(connection, 1, at, manualClock(AT_MS), never)
    expect(named(values, 'Prt6.DCW')).toEqual(missing('changing'))
    expect(named(values, 'Prt6.IDStr')).toEqual(good('P6'))
  })
})

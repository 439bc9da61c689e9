import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { manualClock } from '@wattfleet/protocol'
import { afterEach, expect, it } from 'vitest'
import { describeWithPython } from '../../../test-support/python.ts'
import { encodeImage } from '../../src/core/encode.ts'
import { lengthOf, openModbusTcp, pointReader, shippedModel, sunSpecInverter, sunSpecMeter } from '../../src/index.ts'
import { SUNSPEC_END } from '../../src/sunspec/models.ts'
import { valueReader } from '../../src/value-reader.ts'
import { goldenOf } from '../golden.ts'
import { modelImage, sunSpecImage } from '../sunspec/images.ts'
import { hexRegisters, imageFrom, serving, type TcpDevice, tcpDevice } from '../tcp-device.ts'

/*
 * What others decode from the same registers: packages that each read one family of devices, over the same real socket.
 */
const READER = fileURLToPath(new URL('peer_reader.py', import.meta.url))
const never = new AbortController().signal
const run = promisify(execFile)

const PEERS = {
  name: 'sdm-modbus 0.7 and solaredge-modbus 0.8 (with pymodbus 3.6)',
  check: 'import sdm_modbus, solaredge_modbus',
  install: 'pip install pymodbus==3.6.9 sdm-modbus==0.7.0 solaredge-modbus==0.8.0',
  variable: 'WATTFLEET_PEERS_PYTHON',
}

/** It asks for pymodbus 3.11 or newer, which the older two cannot live with. */
const SUN2000 = {
  name: 'sun2000-modbus 3.0 (with pymodbus 3.16)',
  check: 'import sun2000_modbus.inverter',
  install: 'pip install pymodbus==3.16.1 sun2000-modbus==3.0.0',
}

interface Found {
  readonly name: string
  readonly at?: number
  readonly value: number | string
}

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function device(kind: 'input' | 'holding', image: Map<number, number>): Promise<TcpDevice> {
  const slave = await tcpDevice(serving(kind, image))
  closing.push(() => slave.close())
  return slave
}

function connectTo({ port }: TcpDevice) {
  const connection = openModbusTcp({ host: '127.0.0.1', port, timeoutMs: 5_000 })
  closing.push(() => connection.close())
  return connection
}

/** What the peer prints; packages that log to standard output do so before. */
async function found(python: string, ...args: readonly string[]): Promise<Found[]> {
  const { stdout } = await run(python, [READER, ...args])
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '[]')
}

describeWithPython(PEERS, (python) => {
  const read = (...args: readonly string[]) => found(python, ...args)

  it.each([
    ['eastron-sdm120', 'SDM120'],
    ['eastron-sdm230', 'SDM230'],
    ['eastron-sdm630', 'SDM630'],
    ['eastron-sdm72d', 'SDM72'],
    ['eastron-sdm72d-v2', 'SDM72V2'],
  ])('reads of an %s what sdm-modbus reads', async (id, name) => {
    const { points } = shippedModel(id)
    const inputs = Object.entries(points).filter(([, { kind, as }]) => kind === undefined && as === 'f32')
    const values = Object.fromEntries(inputs.map(([point], i) => [point, (i % 2 === 0 ? 1 : -1) * (100.25 + 37.5 * i)]))
    // the peer reads more addresses than the model has: they hold zeros
    const registers = new Array<number>(Math.max(lengthOf(points), 0x200)).fill(0)
    const image = encodeImage(Object.fromEntries(inputs), values, lengthOf(Object.fromEntries(inputs)))
    for (const [at, word] of image.entries()) registers[at] = word
    const slave = await device('input', imageFrom([0, registers]))
    const model = { ...shippedModel(id), points: Object.fromEntries(inputs) }
    const ours = await pointReader(connectTo(slave), 1, model, Object.keys(values), manualClock(0)).read(never)
    const theirs = new Map((await read('sdm', name, String(slave.port))).map((one) => [one.at, one.value]))
    const compared = inputs.flatMap(([point, { at }]) => {
      const peer = theirs.get(at)
      const own = ours[point]
      return peer === undefined ? [] : [{ point, peer, own: own?.quality === 'good' ? own.value : own }]
    })
    for (const { point, peer, own } of compared) expect(own, point).toBe(peer)
    expect(compared.length).toBeGreaterThanOrEqual(Math.min(5, inputs.length))
  })

  it('reads of a SolarEdge inverter what solaredge-modbus reads', async () => {
    // SolarEdge's common model is a register shorter than the published one
    const common = modelImage(1, { Mn: 'SolarEdge', Md: 'SE5K', Vr: '1.0', SN: '7F', DA: 1 }).slice(0, 67)
    common[1] = 65
    const factors = { A_SF: -2, V_SF: -1, W_SF: -1, Hz_SF: -3, VA_SF: 0, VAr_SF: 0, PF_SF: -2, WH_SF: 0, DCA_SF: -3 }
    const inverter = modelImage(103, {
      ...{ ...factors, DCV_SF: -1, DCW_SF: -1, Tmp_SF: -2, A: 7.51, W: 1_733.2, Hz: 49.98, WH: 12_345_678, St: 4 },
      ...{ DCA: 2.345, DCV: 751.2, DCW: 1_760.5, AphA: 2.5, PhVphA: 231.4 },
    })
    const end = new Array<number>(200).fill(0)
    const image = sunSpecImage([common, inverter, [SUNSPEC_END, 0], end])
    const slave = await device('holding', image)
    const reading = await sunSpecInverter(connectTo(slave), 1, manualClock(0)).read(never)
    const theirs = new Map(
      (await read('solaredge', String(slave.port))).map(({ name, value }) => [name, Number(value)]),
    )
    const scaled = (name: string) => (theirs.get(name) ?? Number.NaN) * 10 ** (theirs.get(`${name}_scale`) ?? 0)
    const good = (value: number) => ({ quality: 'good', value: expect.closeTo(value, 6) })
    expect(reading.acPowerW).toMatchObject(good(scaled('power_ac')))
    expect(reading.lifetimeEnergyWh).toMatchObject(good(scaled('energy_total')))
    expect(reading.dcPowerW).toMatchObject(good(scaled('power_dc')))
    expect(reading.state).toMatchObject({ quality: 'good', value: 'mppt' })
    expect([scaled('power_ac'), scaled('energy_total')]).toEqual([expect.closeTo(1_733.2, 6), 12_345_678])
    expect((await sunSpecMeter(connectTo(slave), 1, manualClock(0)).read(never)).importW).toMatchObject({
      reason: 'unsupported',
    })
  })
})

describeWithPython(SUN2000, (python) => {
  const model = shippedModel('huawei-sun2000')
  const image = imageFrom(
    ...Object.entries(goldenOf(model.id).registers).map(([at, hex]) => [Number(at), hexRegisters(hex)] as const),
  )

  it('reads of a Huawei inverter what sun2000-modbus reads', async () => {
    const slave = await device('holding', image)
    const own = await valueReader(connectTo(slave), 1, model, Object.keys(model.points), manualClock(0)).read(never)
    const at = [...new Set(own.map(({ point }) => point.at))]
    const theirs = await found(python, 'sun2000', String(slave.port), at.join())
    const compared = own.flatMap((one) =>
      theirs.filter((peer) => peer.at === one.point.at).map((peer) => ({ ...one, peer })),
    )
    for (const { name, point, measured, peer } of compared) {
      const label = `${name} and ${peer.name}`
      if (measured.quality !== 'good') {
        // the peer shows the bits that mean "not available" as if they were a value
        expect(measured, label).toMatchObject({ quality: 'missing', reason: 'not-available' })
        const bits = point.notAvailable?.map((one) => Number(one) * (point.scale ?? 1)) ?? []
        expect(
          bits.some((one) => Math.abs(one - Number(peer.value)) < 1e-6),
          label,
        ).toBe(true)
      } else if (Array.isArray(measured.value)) {
        // the peer writes a bit field as zeros and ones, the most significant bit first
        const isSet = (bit: number) => String(peer.value).at(-1 - bit) === '1'
        const bits = Object.entries(point.bits ?? {}).filter(([bit]) => isSet(Number(bit)))
        expect(measured.value, label).toEqual(bits.map(([, text]) => text))
      } else if (typeof measured.value === 'number') expect(measured.value, label).toBeCloseTo(Number(peer.value), 9)
      else expect(measured.value, label).toBe(peer.value)
    }
    const names = compared.map(({ name }) => name)
    // the peer has no register for this
    expect(own.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual(['dcEnergy'])
  })
})

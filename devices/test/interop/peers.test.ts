import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { manualClock } from '@wattfleet/protocol'
import { afterEach, expect, it } from 'vitest'
import { describeWithPython } from '../../../test-support/python.ts'
import { encodeImage } from '../../src/core/encode.ts'
import {
  lengthOf,
  openModbusTcp,
  type PointValues,
  pointReader,
  shippedModel,
  sunSpecInverter,
  sunSpecMeter,
} from '../../src/index.ts'
import { layOut } from '../../src/sunspec/model.ts'
import { knownSunSpec } from '../../src/sunspec/models.ts'
import { imageFrom, serving, type TcpDevice, tcpDevice } from '../tcp-device.ts'

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

describeWithPython(PEERS, (python) => {
  const read = async (...args: readonly string[]): Promise<Found[]> =>
    JSON.parse((await run(python, [READER, ...args])).stdout.trim().split('\n').at(-1) ?? '[]')

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
    const part = (id: number, values: PointValues): number[] => {
      const { length } = knownSunSpec(id)
      return [
        ...encodeImage(
          layOut(knownSunSpec(id), length - 2, () => undefined),
          { ID: id, L: length - 2, ...values },
          length,
        ),
      ]
    }
    // SolarEdge's common model is a register shorter than the published one
    const common = part(1, { Mn: 'SolarEdge', Md: 'SE5K', Vr: '1.0', SN: '7F', DA: 1 }).slice(0, 67)
    common[1] = 65
    const factors = { A_SF: -2, V_SF: -1, W_SF: -1, Hz_SF: -3, VA_SF: 0, VAr_SF: 0, PF_SF: -2, WH_SF: 0, DCA_SF: -3 }
    const inverter = part(103, {
      ...{ ...factors, DCV_SF: -1, DCW_SF: -1, Tmp_SF: -2, A: 7.51, W: 1_733.2, Hz: 49.98, WH: 12_345_678, St: 4 },
      ...{ DCA: 2.345, DCV: 751.2, DCW: 1_760.5, AphA: 2.5, PhVphA: 231.4 },
    })
    const end = new Array<number>(200).fill(0)
    const image = imageFrom([40_000, [0x5375, 0x6e53, ...common, ...inverter, 0xffff, 0, ...end]])
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

import { afterEach, describe, expect, it } from 'vitest'
import type { PointValues } from '../../src/core/encode.ts'
import { openModbusTcp, type SetPoint } from '../../src/index.ts'
import { sunSpecControls } from '../../src/sunspec/controls.ts'
import { tcpDevice, writable } from '../tcp-device.ts'
import { modelImage, sunSpecImage } from './images.ts'

const never = new AbortController().signal
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const BASE = 40_000
const IMMEDIATE = {
  WMaxLimPct: 100,
  WMaxLimPct_RvrtTms: 0,
  WMaxLim_Ena: 0,
  WMaxLimPct_SF: -2,
  OutPFSet_SF: 0,
  VArPct_SF: 0,
}
const STORAGE = { OutWRte: 100, InWRte: 100, InOutWRte_RvrtTms: 0, InOutWRte_SF: -2, ChaGriSet: 0, StorCtl_Mod: 0 }

/** A device with these models, whose registers can be written. */
async function device(
  models: readonly (readonly [number, PointValues])[],
  isAllowed = true,
  isFrozen?: (at: number) => boolean,
) {
  const image = sunSpecImage(
    models.map(([id, values]) => modelImage(id, values)),
    BASE,
  )
  const slave = await tcpDevice(writable(image, isFrozen))
  const connection = openModbusTcp({ host: '127.0.0.1', port: slave.port, timeoutMs: 1_000 })
  closing.push(
    () => slave.close(),
    () => connection.close(),
  )
  const written = () =>
    slave.asked.filter(({ code }) => code === 16).map(({ at, values }) => [at - BASE - 2, ...values])
  return { image, written, controls: sunSpecControls(connection, 1, isAllowed) }
}

const limit = (percent: number | undefined): SetPoint => ({ is: 'power-limit', percent })

describe('a limit of an inverter’s power', () => {
  it('is written by model 123 with its scale after the timer, and put in force last', async () => {
    const { controls, written } = await device([[123, IMMEDIATE]])
    await controls.set(limit(62.5), 300, never)
    expect(written()).toEqual([
      [7, 300],
      [5, 6_250],
      [9, 1],
    ])
  })

  it('is written by model 704 where the device has that', async () => {
    const { controls, written } = await device([[704, { WMaxLimPct_SF: -1 }]])
    await controls.set(limit(40), 60, never)
    expect(written()).toEqual([
      [17, 0, 0, 60],
      [15, 400],
      [14, 1],
    ])
  })

  it('is never above what was asked for, where the device counts coarsely', async () => {
    const { controls, written } = await device([[123, { ...IMMEDIATE, WMaxLimPct_SF: 0 }]])
    await controls.set(limit(62.7), 300, never)
    expect(written()[1]).toEqual([5, 62])
  })

  it('is as exact as the device counts', async () => {
    const { controls, written } = await device([[123, IMMEDIATE]])
    for (const percent of [0.29, 1.1, 57.99]) await controls.set(limit(percent), 300, never)
    expect(written().filter(([at]) => at === 5)).toEqual([
      [5, 29],
      [5, 110],
      [5, 5_799],
    ])
  })

  it('is taken back', async () => {
    const { controls, image } = await device([[123, { ...IMMEDIATE, WMaxLimPct: 20, WMaxLim_Ena: 1 }]])
    await controls.release('power-limit', never)
    expect([image.get(BASE + 2 + 5), image.get(BASE + 2 + 9)]).toEqual([10_000, 0])
  })
})

describe('a battery', () => {
  it.each<[SetPoint, readonly number[][]]>([
    [
      { is: 'battery', mode: 'auto' },
      [
        [15, 120],
        [17, 0],
        [12, 10_000, 10_000],
        [5, 0],
      ],
    ],
    [
      { is: 'battery', mode: 'hold' },
      [
        [15, 120],
        [17, 0],
        [12, 0, 0],
        [5, 3],
      ],
    ],
    [
      { is: 'battery', mode: 'charge', percent: 50 },
      [
        [15, 120],
        [17, 0],
        [12, 0xec78, 5_000],
        [5, 3],
      ],
    ],
    [
      { is: 'battery', mode: 'charge', percent: 50, fromGrid: true },
      [
        [15, 120],
        [17, 1],
        [12, 0xec78, 5_000],
        [5, 3],
      ],
    ],
    [
      { is: 'battery', mode: 'discharge', percent: 25 },
      [
        [15, 120],
        [17, 0],
        [12, 2_500, 0xf63c],
        [5, 3],
      ],
    ],
  ])('is told %j by model 124', async (setPoint, writes) => {
    const { controls, written } = await device([[124, STORAGE]])
    await controls.set(setPoint, 120, never)
    expect(written()).toEqual(writes)
  })
})

describe('a set-point', () => {
  it('is taken back by the device itself', async () => {
    expect((await device([[123, IMMEDIATE]])).controls.hasTimer).toBe(true)
  })

  it('is not written unless the operator has allowed it', async () => {
    const { controls, written } = await device([[123, IMMEDIATE]], false)
    await expect(controls.set(limit(0), 60, never)).rejects.toMatchObject({ code: 'config' })
    expect(written()).toEqual([])
  })

  it.each([
    [limit(101), 60],
    [limit(-1), 60],
    [limit(Number.NaN), 60],
    [limit(50), 0],
    [limit(50), 3_601],
    [limit(50), 1.5],
  ])('out of bounds is refused: %j for %d s', async (setPoint, revertS) => {
    const { controls, written } = await device([[123, IMMEDIATE]])
    await expect(controls.set(setPoint, revertS, never)).rejects.toBeInstanceOf(RangeError)
    expect(written()).toEqual([])
  })

  it('that the device confirms and does not keep is told', async () => {
    const { controls } = await device([[123, IMMEDIATE]], true, (at) => at === BASE + 2 + 9)
    await expect(controls.set(limit(50), 60, never)).rejects.toMatchObject({
      code: 'device',
      message: 'unit 1: registers from 40011 hold 0 after 1 was written; taken back',
    })
  })

  it('that the device has no model for is refused', async () => {
    const { controls } = await device([[124, STORAGE]])
    await expect(controls.set(limit(50), 60, never)).rejects.toMatchObject({ code: 'device' })
  })

  it('whose scale the device does not say is refused', async () => {
    const { controls, written } = await device([
      [123, { ...IMMEDIATE, WMaxLimPct: undefined, WMaxLimPct_SF: undefined }],
    ])
    await expect(controls.set(limit(50), 60, never)).rejects.toMatchObject({
      code: 'device',
      message: 'unit 1: model 123 has no WMaxLimPct',
    })
    expect(written()).toEqual([])
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import { modelControls, openModbusTcp, parseModel, type SetPoint, shippedModel } from '../src/index.ts'
import { type Asked, hexRegisters, imageFrom, type Line, tcpDevice, writable } from './tcp-device.ts'

const never = new AbortController().signal
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

// By hand from SolarEdge's tables, values of two registers with the low word first: remote control, charging from the grid
// allowed, no limit of that, 10 % in reserve, back to self-consumption, an hour, self-consumption, 5000 W and 5000 W.
const COMMAND = '0004 0001 0000 0000 0000 4120 0007 0e10 0000 0007 4000 459c 4000 459c'
const MAKER = '536f 6c61 7245 6467 6500 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000'
/** 5000 W to charge, 4000 W to discharge. */
const RATED = '4000 459c 0000 457a'
const SOLAREDGE = { command: COMMAND, maker: MAKER, rated: RATED }

type Answer = (asked: Asked, line: Line) => void

/** A StorEdge battery whose registers can be written; `around` may answer otherwise. */
async function battery(registers: Partial<typeof SOLAREDGE> = {}, isAllowed = true, around = (as: Answer) => as) {
  const { command, maker, rated } = { ...SOLAREDGE, ...registers }
  const image = imageFrom([0x9c44, hexRegisters(maker)], [0xe004, hexRegisters(command)], [0xe144, hexRegisters(rated)])
  const slave = await tcpDevice(around(writable(image)))
  const connection = openModbusTcp({ host: '127.0.0.1', port: slave.port, timeoutMs: 100 })
  closing.push(
    () => slave.close(),
    () => connection.close(),
  )
  const controls = modelControls(connection, 1, shippedModel('solaredge-storage'), isAllowed)
  const written = () => slave.asked.filter(({ code }) => code === 16).map(({ at, values }) => [at, ...values])
  return { image, slave, written, controls }
}

const charge: SetPoint = { is: 'battery', mode: 'charge', percent: 50 }
/** What takes every set-point back: self-consumption before the limits are as rated again. */
const BACK = [
  [0xe00d, 7],
  [0xe00e, 0x4000, 0x459c],
  [0xe010, 0x0000, 0x457a],
]

describe('a battery with registers of its own', () => {
  it.each<[SetPoint, readonly number[][]]>([
    [
      { is: 'battery', mode: 'hold' },
      [
        [0xe00e, 0, 0],
        [0xe010, 0, 0],
        [0xe00d, 1],
      ],
    ],
    // 2500 W is 0x451c4000
    [
      charge,
      [
        [0xe00e, 0x4000, 0x451c],
        [0xe010, 0, 0],
        [0xe00d, 2],
      ],
    ],
    [
      { ...charge, fromGrid: true },
      [
        [0xe00e, 0x4000, 0x451c],
        [0xe010, 0, 0],
        [0xe00d, 3],
      ],
    ],
    // 1000 W is 0x447a0000
    [
      { is: 'battery', mode: 'discharge', percent: 25 },
      [
        [0xe00e, 0, 0],
        [0xe010, 0x0000, 0x447a],
        [0xe00d, 4],
      ],
    ],
  ])('is told %j: the timer first, what puts it in force last', async (setPoint, writes) => {
    const { controls, written } = await battery()
    await controls.set(setPoint, 120, never)
    expect(written()).toEqual([[0xe00b, 120, 0], ...writes])
  })

  it('is left to itself again', async () => {
    const { controls, written, image } = await battery()
    await controls.set(charge, 120, never)
    await controls.release('battery', never)
    expect(written().slice(4)).toEqual(BACK)
    expect(image.get(0xe00d)).toBe(7)
  })
})

describe('nothing is written', () => {
  const grid: SetPoint = { ...charge, fromGrid: true }
  it.each<[string, SetPoint, number, Parameters<typeof battery>, object]>([
    ['unless the operator has allowed it', charge, 60, [{}, false], { code: 'config' }],
    ['at more than rated', { ...charge, percent: 100.1 }, 60, [], { message: '100.1 % is not between 0 and 100' }],
    ['below zero', { ...charge, percent: -1 }, 60, [], { message: '-1 % is not between 0 and 100' }],
    ['that is no number', { ...charge, percent: Number.NaN }, 60, [], { name: 'RangeError' }],
    ['without end', charge, 0, [], { message: 'a set-point stands for 1 to 3600 s, not 0' }],
    ['for too long', charge, 3_601, [], { message: 'a set-point stands for 1 to 3600 s, not 3601' }],
    [
      'that the model does not have',
      { is: 'power-limit', percent: 50 },
      60,
      [],
      { code: 'device', message: 'StorEdge battery has no set-point powerLimit' },
    ],
    [
      'to a device of another maker',
      charge,
      60,
      [{ maker: `4672 6f6e 6975 7300 ${'0000 '.repeat(12)}` }],
      { code: 'device', message: 'unit 1: batteryCharge: inverterMaker is Fronius, and has to be SolarEdge' },
    ],
    [
      'where the installer has not set it up',
      charge,
      60,
      [{ command: COMMAND.replace('0004', '0001') }],
      {
        code: 'device',
        message:
          'unit 1: batteryCharge: storageControl is 1 (maximize self-consumption), and has to be 4 (remote control)',
      },
    ],
    [
      'from the grid where that is not allowed',
      grid,
      60,
      [{ command: COMMAND.replace('0001', '0000') }],
      { code: 'device', message: expect.stringContaining('acChargePolicy is 0 (disabled)') },
    ],
    [
      'where the device does not say how much it can',
      charge,
      60,
      [{ rated: 'ffff ff7f 0000 457a' }],
      { code: 'device', message: expect.stringContaining('maximumChargePower is not-available') },
    ],
  ])('%s', async (_, setPoint, revertS, device, fault) => {
    const { controls, written } = await battery(...device)
    await expect(controls.set(setPoint, revertS, never)).rejects.toMatchObject(fault)
    expect(written()).toEqual([])
  })

  it('to a device that is silent', async () => {
    const { controls, written } = await battery({}, true, () => () => undefined)
    await expect(controls.set(charge, 60, never)).rejects.toMatchObject({ code: 'timeout' })
    expect(written()).toEqual([])
  })
})

describe('a set-point that does not come off', () => {
  /** Answers writes to this register with an exception as often as said, and does nothing. */
  const refusing = (at: number, times: number, code = 3) => {
    let left = times
    return (answer: Answer): Answer =>
      (asked, line) =>
        asked.code === 16 && asked.at === at && left-- > 0 ? line.exception(asked, code) : answer(asked, line)
  }

  it('is taken back where a later write is refused', async () => {
    const { controls, written, image } = await battery({}, true, refusing(0xe010, 1))
    await expect(controls.set(charge, 60, never)).rejects.toMatchObject({
      code: 'device',
      message: expect.stringMatching(/exception 3, illegal data value; taken back$/),
    })
    expect(written().slice(-3)).toEqual(BACK)
    expect([image.get(0xe00d), image.get(0xe00f)]).toEqual([7, 0x459c])
  })

  it.each([0xe00b, 0xe00e, 0xe010, 0xe00d])('is taken back where the device fails at register %i', async (at) => {
    const { controls, image } = await battery({}, true, refusing(at, 1, 4))
    await expect(controls.set(charge, 60, never)).rejects.toMatchObject({
      message: expect.stringMatching(/device failure; taken back$/),
    })
    expect([image.get(0xe00d), image.get(0xe00f), image.get(0xe011)]).toEqual([7, 0x459c, 0x457a])
  })

  it('is taken back where its caller gives up', async () => {
    const giving = new AbortController()
    const { controls, image } = await battery({}, true, (answer) => (asked, line) => {
      if (asked.code === 16 && asked.at === 0xe010) giving.abort()
      answer(asked, line)
    })
    await expect(controls.set(charge, 60, giving.signal)).rejects.toMatchObject({
      message: expect.stringMatching(/stopped; taken back$/),
    })
    expect([image.get(0xe00d), image.get(0xe00f), image.get(0xe011)]).toEqual([7, 0x459c, 0x457a])
  })

  it('leaves the device alone where the first write is refused', async () => {
    const { controls, written } = await battery({}, true, refusing(0xe00b, 1))
    await expect(controls.set(charge, 60, never)).rejects.toMatchObject({
      message: expect.stringMatching(/illegal data value$/),
    })
    expect(written()).toEqual([[0xe00b, 60, 0]])
  })

  it('is taken back where an answer did not come: it may have been done', async () => {
    let isLost = true
    const losing = (answer: Answer): Answer => {
      return (asked, line) => {
        const isFirst = asked.code === 16 && asked.at === 0xe00d && isLost
        if (!isFirst) return answer(asked, line)
        isLost = false
        answer(asked, { ...line, socket: { write: () => true } as unknown as Line['socket'] })
      }
    }
    const { controls, image } = await battery({}, true, losing)
    await expect(controls.set(charge, 60, never)).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/; taken back$/),
    })
    expect(image.get(0xe00d)).toBe(7)
  })

  it('is told and taken back where the device keeps another value', async () => {
    const { controls, image } = await battery({}, true, (answer) => (asked, line) => {
      answer(asked, line)
      // it grants 1000 W only
      if (asked.code === 16 && asked.at === 0xe00e && image.get(0xe00f) === 0x451c) {
        image.set(0xe00e, 0).set(0xe00f, 0x447a)
      }
    })
    await expect(controls.set(charge, 60, never)).rejects.toMatchObject({
      code: 'device',
      message: `unit 1: registers from ${0xe00e} hold 0 ${0x447a} after ${0x4000} ${0x451c} was written; taken back`,
    })
    expect(image.get(0xe00d)).toBe(7)
  })

  it('and cannot be taken back: it says what stands', async () => {
    const { controls } = await battery({}, true, refusing(0xe010, 9))
    await expect(controls.set(charge, 60, never)).rejects.toMatchObject({
      code: 'device',
      message: expect.stringMatching(
        /; the device has confirmed commandTimeout 60 s, chargeLimit 2500 W, of taking it back commandMode 7, chargeLimit 5000 W: .*illegal data value$/,
      ),
    })
  })

  it('and whose line is gone: it says what may have been done', async () => {
    let isDead = false
    const { controls } = await battery({}, true, (answer) => (asked, line) => {
      isDead ||= asked.code === 16 && asked.at === 0xe00d
      if (!isDead) answer(asked, line)
    })
    await expect(controls.set(charge, 60, never)).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining(
        'confirmed commandTimeout 60 s, chargeLimit 2500 W, dischargeLimit 0 W, perhaps commandMode 2, of taking it back perhaps commandMode 7',
      ),
    })
  })
})

describe('an inverter that counts its timer in minutes and its limit by a scale factor', () => {
  const parsed = parseModel('minutes', {
    ...{ maker: 'Maker', name: 'M1', category: 'inverter', sources: ['a document'], kind: 'input', unitId: 1 },
    ...{ maxRegisters: 20, holes: 'rejected', marks: [{ point: 'type', oneOf: [7] }] },
    points: {
      type: { at: 0, as: 'u16' },
      acPower: { at: 10, as: 's16', unit: 'W', positive: 'generate' },
      timer: { at: 10, as: 'u16', unit: 's', scale: 60, most: 1_800, kind: 'holding' },
      limit: { at: 11, as: 'u16', unit: '%', scaleFactor: 'limitScale', kind: 'holding' },
      limitScale: { at: 12, as: 's16', kind: 'holding' },
      isLimited: { at: 13, as: 'u16', states: { 0: 'no', 1: 'yes' }, kind: 'holding' },
    },
    controls: {
      powerLimit: {
        writes: [
          { point: 'timer', to: 'timer' },
          { point: 'limit', to: 'percent' },
          { point: 'isLimited', to: 1 },
        ],
      },
      noPowerLimit: {
        writes: [
          { point: 'isLimited', to: 0 },
          { point: 'limit', to: 100 },
        ],
      },
    },
  })

  async function inverter() {
    const image = imageFrom([10, [0, 1_000, 0xffff, 0]])
    const write = writable(image)
    const slave = await tcpDevice((asked, line) => (asked.code === 4 ? line.registers(asked, [7]) : write(asked, line)))
    const connection = openModbusTcp({ host: '127.0.0.1', port: slave.port, timeoutMs: 1_000 })
    closing.push(
      () => slave.close(),
      () => connection.close(),
    )
    if (!parsed.ok) throw new Error(parsed.faults.join())
    return { image, controls: modelControls(connection, 1, parsed.model, true) }
  }

  it('is limited, never above what was asked for, and let go', async () => {
    const { image, controls } = await inverter()
    expect(controls.hasTimer).toBe(true)
    await controls.set({ is: 'power-limit', percent: 62.57 }, 600, never)
    expect([...image.values()]).toEqual([10, 625, 0xffff, 1])
    await controls.release('power-limit', never)
    expect([...image.values()]).toEqual([10, 1_000, 0xffff, 0])
  })

  it.each([
    [90, 'timer counts in steps of 60 s: 90 s is none'],
    [1_860, 'timer takes 1 to 1800 s, not 1860'],
  ])('is not limited for %i s, which its timer cannot count', async (revertS, message) => {
    const { image, controls } = await inverter()
    await expect(controls.set({ is: 'power-limit', percent: 50 }, revertS, never)).rejects.toMatchObject({
      ...{ name: 'RangeError', message },
    })
    expect([...image.values()]).toEqual([0, 1_000, 0xffff, 0])
  })
})

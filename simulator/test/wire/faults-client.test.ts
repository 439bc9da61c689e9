import {
  type DeviceModel,
  exceptionOf,
  type ModbusConnection,
  openModbusRtuOverTcp,
  openModbusTcp,
  type Point,
  pointReader,
} from '@wattfleet/devices'
import { Fault, wallClock } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { uniform } from '../../src/core/random.ts'
import type { WireDevice } from '../../src/wire/device.ts'
import { serveRtuOverTcp } from '../../src/wire/modbus-rtu-tcp.ts'
import { UNPACED } from '../../src/wire/pace.ts'
import { bench, closing, deviceOf, onTcp, TABLE, VALUES } from '../served.ts'

/*
 * What our own client makes of what goes wrong. Whatever it is: the right registers, or a Fault, never others.
 */

const TIMEOUT_MS = 80
const never = new AbortController().signal
const FIRST = 100
const COUNT = 100

/** Holds its own addresses, so that a register that was not asked for is noticed. */
function addresses(unitId = 1): WireDevice {
  const table: Record<string, Point> = {}
  const values: Record<string, number> = {}
  for (let i = 0; i < COUNT; i++) {
    table[`r${i}`] = { at: i, as: 'u16' }
    values[`r${i}`] = FIRST + i
  }
  const parts = [{ kind: 'input', at: FIRST, length: COUNT, holes: 'readable', table }] as const
  return deviceOf({ unitId, parts, values: () => values })
}

/** Never leaves anything alone: each look at its clock is a minute later. */
function hurried(): () => number {
  let nowMs = 0
  return () => {
    nowMs += 60_000
    return nowMs
  }
}

type Carrier = 'modbus-tcp' | 'rtu-tcp'

async function served(carrier: Carrier) {
  if (carrier === 'modbus-tcp') return onTcp([addresses()])
  const made = bench([addresses()], 'rtu-tcp')
  const server = await serveRtuOverTcp({
    ...{ ...made.wire, host: '127.0.0.1', port: 0, devices: made.devices, pace: UNPACED },
  })
  closing.push(() => server.close())
  return { ...made, port: server.port }
}

function client(carrier: Carrier, port: number): ModbusConnection {
  const where = { host: '127.0.0.1', port, timeoutMs: TIMEOUT_MS }
  const connection =
    carrier === 'modbus-tcp'
      ? openModbusTcp({ ...where, monotonicMs: hurried() })
      : openModbusRtuOverTcp({ ...where, maxReplyDelayMs: 200 })
  closing.push(() => connection.close())
  return connection
}

interface Result {
  readonly is: 'right' | 'wrong' | 'fault'
  readonly fault?: Fault
}

async function read(connection: ModbusConnection, at: number, count: number): Promise<Result> {
  try {
    const registers = await connection.readRegisters({ unitId: 1, kind: 'input', at, count }, never)
    const isRight = registers.length === count && registers.every((word, i) => word === at + i)
    return { is: isRight ? 'right' : 'wrong' }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { is: 'fault', fault: error }
  }
}

const rows: readonly (readonly [Carrier, object, string | number])[] = [
  ['modbus-tcp', { kind: 'silence' }, 'timeout'],
  ['modbus-tcp', { kind: 'late', ms: 150 }, 'timeout'],
  ['modbus-tcp', { kind: 'delay', ms: 150 }, 'timeout'],
  ['modbus-tcp', { kind: 'delay', ms: [0, 20] }, 'right'],
  ['modbus-tcp', { kind: 'drip', byteMs: 1 }, 'right'],
  ['modbus-tcp', { kind: 'drip', byteMs: 100 }, 'timeout'],
  ['modbus-tcp', { kind: 'exception', code: 4 }, 4],
  ['modbus-tcp', { kind: 'busy' }, 6],
  ['modbus-tcp', { kind: 'wrongUnit' }, 'fault'],
  ['modbus-tcp', { kind: 'wrongFunction' }, 'fault'],
  ['modbus-tcp', { kind: 'wrongTransaction' }, 'fault'],
  ['modbus-tcp', { kind: 'shortFrame' }, 'fault'],
  ['modbus-tcp', { kind: 'shortFrame', fitting: true }, 'fault'],
  ['modbus-tcp', { kind: 'reset' }, 'transport'],
  ['modbus-tcp', { kind: 'halfOpen' }, 'timeout'],
  ['rtu-tcp', { kind: 'silence' }, 'timeout'],
  ['rtu-tcp', { kind: 'late', ms: 150 }, 'timeout'],
  ['rtu-tcp', { kind: 'delay', ms: 20 }, 'right'],
  ['rtu-tcp', { kind: 'drip', byteMs: 1 }, 'right'],
  ['rtu-tcp', { kind: 'exception', code: 2 }, 2],
  ['rtu-tcp', { kind: 'busy' }, 6],
  ['rtu-tcp', { kind: 'wrongUnit' }, 'fault'],
  ['rtu-tcp', { kind: 'wrongFunction' }, 'fault'],
  ['rtu-tcp', { kind: 'shortFrame' }, 'fault'],
  ['rtu-tcp', { kind: 'shortFrame', fitting: true }, 'fault'],
  ['rtu-tcp', { kind: 'badCrc' }, 'fault'],
  ['rtu-tcp', { kind: 'extraBytes', hex: 'ffff' }, 'fault'],
  ['rtu-tcp', { kind: 'reset' }, 'transport'],
  ['rtu-tcp', { kind: 'halfOpen' }, 'timeout'],
]

// TCP has no checksum: bytes behind a frame that is cut short fill it up, and a late answer under another's transaction is
// that one's, for every client; so neither pair is given together there
const TCP_ONLY = [{ kind: 'wrongTransaction', offset: 100 }]
const RTU_ONLY = [{ kind: 'badCrc' }, { kind: 'extraBytes', hex: '00010000000b01040400640065' }]

describe('what our client makes of a fault', () => {
  it.each(rows)('on %s, %j: %s', async (carrier, fault, expected) => {
    const made = await served(carrier)
    const id = made.fault(fault)
    const connection = client(carrier, made.port)
    const result = await read(connection, FIRST + 3, 4)
    if (typeof expected === 'number') expect(exceptionOf(result.fault)).toBe(expected)
    else if (expected === 'right' || expected === 'fault') expect(result.is).toBe(expected)
    else expect(result.fault?.code).toBe(expected)
    // once it is over, the next values are right again, and are the ones that were asked for
    made.faults.remove(id)
    await expect.poll(async () => (await read(connection, FIRST + 50, 7)).is, { timeout: 5_000 }).toBe('right')
  })

  it.each(['modbus-tcp', 'rtu-tcp'] as const)(
    'refused connections on %s: a lost one, until it is over',
    async (carrier) => {
      const made = await served(carrier)
      const connection = client(carrier, made.port)
      expect((await read(connection, FIRST, 1)).is).toBe('right')
      const id = made.fault({ kind: 'refused' })
      await expect.poll(async () => (await read(connection, FIRST, 1)).fault?.code).toBe('transport')
      made.faults.remove(id)
      await expect.poll(async () => (await read(connection, FIRST, 1)).is, { timeout: 5_000 }).toBe('right')
    },
  )

  it.each(['modbus-tcp', 'rtu-tcp'] as const)(
    'never a wrong register on %s, whatever comes together',
    async (carrier) => {
      const made = await served(carrier)
      const kinds: object[] = [
        { kind: 'late', ms: [0, 160] },
        { kind: 'delay', ms: [0, 40] },
        { kind: 'silence' },
        { kind: 'wrongUnit' },
        { kind: 'wrongFunction' },
        { kind: 'shortFrame', missing: 4 },
        { kind: 'shortFrame', fitting: true },
        { kind: 'reset' },
        { kind: 'busy' },
        ...(carrier === 'modbus-tcp' ? TCP_ONLY : RTU_ONLY),
      ]
      for (const kind of kinds) made.fault({ ...kind, probability: 0.08 })
      const seen = { right: 0, wrong: 0, fault: 0 }
      for (let i = 0; i < 30; i++) {
        // four requests to each connection, while what was late for one may come for the next
        const connection = client(carrier, made.port)
        for (let j = 0; j < 4; j++) {
          const at = FIRST + Math.floor(uniform(1, i, j) * 60)
          const { is } = await read(connection, at, 1 + Math.floor(uniform(2, i, j) * 30))
          seen[is]++
          if (carrier === 'rtu-tcp' && is === 'fault') break
        }
        await connection.close()
      }
      expect(seen.wrong).toBe(0)
      expect(seen.right).toBeGreaterThan(10)
      expect(seen.fault).toBeGreaterThan(10)
    },
  )
})

describe('what a reading says of values that the device shows wrongly', () => {
  const model: DeviceModel = {
    ...{ id: 'bench', maker: 'here', name: 'bench', category: 'grid-meter', sources: [] },
    ...{ kind: 'input', unitId: 1, maxRegisters: 60, holes: 'readable', marks: [], points: TABLE },
  }
  const good = (value: unknown) => ({ quality: 'good', value })

  it.each([
    [
      { kind: 'notAvailable', points: ['power', 'ratio'] },
      { power: { reason: 'not-available' }, ratio: { reason: 'not-available' } },
    ],
    // nothing on the wire tells these from the truth: they are what the device shows, and nothing else changes
    [
      { kind: 'wordSwapped', points: ['power'] },
      { power: good(0x1170_0001), energy: good(VALUES.energy) },
    ],
    [
      { kind: 'byteSwapped', points: ['small'] },
      { small: good(0x3412), power: good(VALUES.power) },
    ],
    [{ kind: 'counterJump', point: 'energy', by: -12_000 }, { energy: good(345.6) }],
    [{ kind: 'counterReset', point: 'energy' }, { energy: good(0) }],
    [{ kind: 'counterRollover', point: 'energy', bits: 16 }, { energy: good((123_456 % 65_536) / 10) }],
  ])('%j', async (fault, expected) => {
    const made = await onTcp()
    made.fault(fault)
    const connection = client('modbus-tcp', made.port)
    const names = ['power', 'energy', 'small', 'ratio'] as const
    const reading = await pointReader(connection, 1, model, names, wallClock()).read(never)
    expect(reading).toMatchObject(expected)
  })
})

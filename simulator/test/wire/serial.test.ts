import { openModbusSerial } from '@wattfleet/devices'
import { Fault, monotonicMs } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { hasPseudoTerminals, pseudoTerminals } from '../../../test-support/pseudo-terminals.ts'
import { serveRtuOnSerial } from '../../src/wire/modbus-rtu-serial.ts'
import { frameMs, paceOf } from '../../src/wire/pace.ts'
import { bench, closing, deviceOf } from '../served.ts'

const never = new AbortController().signal
const SETTINGS = { baudRate: 9_600, parity: 'none', stopBits: 1 } as const

const hasSocat = hasPseudoTerminals()
if (!hasSocat) process.stderr.write('skipped: serial lines need socat, which makes pairs of pseudo-terminals\n')

async function line() {
  const pair = await pseudoTerminals()
  closing.push(pair.close)
  const [devicesEnd, masterEnd] = pair.ends
  const made = bench([deviceOf({ turnaroundMs: 10 }), deviceOf({ name: 'two', unitId: 2 })], 'rtu-serial')
  const server = await serveRtuOnSerial({
    ...made.wire,
    ...SETTINGS,
    path: devicesEnd,
    devices: made.devices,
    paced: true,
  })
  closing.push(() => server.close())
  const master = openModbusSerial({ path: masterEnd, ...SETTINGS, timeoutMs: 300, maxReplyDelayMs: 600 })
  closing.push(() => master.close())
  const read = (unitId: number) => master.readRegisters({ unitId, kind: 'input', at: 100, count: 5 }, never)
  return { ...made, read }
}

describe.skipIf(!hasSocat)('devices on a serial line', () => {
  it('answer our master by their units, no sooner than the line lets them', async () => {
    const { read } = await line()
    await read(1)
    const pace = paceOf(SETTINGS)
    const startedMs = monotonicMs()
    expect(await read(1)).toEqual([1, 0x1170, 1, 0xe240, 0x1234])
    // the request, a gap and the turnaround, and the answer of 15 bytes
    expect(monotonicMs() - startedMs).toBeGreaterThanOrEqual(frameMs(pace, 8 + 15) + pace.gapMs + 10)
    expect(await read(2)).toEqual([1, 0x1170, 1, 0xe240, 0x1234])
  })

  it('go wrong as they are told, and never give a wrong register', async () => {
    const { read, fault, faults } = await line()
    for (const [spec, code] of [
      [{ kind: 'badCrc' }, 'protocol'],
      [{ kind: 'silence' }, 'timeout'],
      [{ kind: 'late', ms: 400 }, 'timeout'],
    ] as const) {
      const id = fault(spec)
      await expect(read(1)).rejects.toMatchObject({ code })
      faults.remove(id)
      // what was late is not taken for the other unit's
      const next = () =>
        read(2).then(
          (words) => words.join(),
          (error: Fault) => error.code,
        )
      await expect.poll(next, { timeout: 5_000 }).toBe([1, 0x1170, 1, 0xe240, 0x1234].join())
      await expect
        .poll(
          () =>
            read(1).then(
              () => 'right',
              () => 'fault',
            ),
          { timeout: 5_000 },
        )
        .toBe('right')
    }
  })
})

describe('a serial port that is not there', () => {
  it('is a fault', async () => {
    const { wire, devices } = bench([deviceOf()], 'rtu-serial')
    const opened = serveRtuOnSerial({ ...wire, ...SETTINGS, path: '/dev/there-is-none', devices, paced: true })
    await expect(opened).rejects.toThrow(Fault)
  })
})

import { describe, expect, it } from 'vitest'
import { serveRtuOverTcp } from '../../src/wire/modbus-rtu-tcp.ts'
import { paceOf, UNPACED } from '../../src/wire/pace.ts'
import { watchedClock } from '../clocks.ts'
import { rawConnection } from '../raw-modbus.ts'
import { bench, closing, deviceOf, onTcp } from '../served.ts'

/** Register 100 and 101: 70,000 as s32. */
const ASK = '0001 0000 0006 01 04 0064 0002'
const GOOD = '000100000007010404' + '00011170'
/** Asked behind it, of a unit that is not there: what comes before its answer is all that the first gave. */
const MARK = '00ff 0000 0006 09 04 0064 0001'
const MARKED = '00ff0000000309840b'

async function raw(port: number) {
  const line = await rawConnection(port)
  closing.push(() => line.socket.destroy())
  return line
}

/** What a raw client gets for a request on Modbus TCP under a fault. */
async function answered(fault: object, ask = ASK): Promise<string> {
  const made = await onTcp()
  made.fault(fault)
  const line = await raw(made.port)
  line.send(ask + MARK)
  let text = ''
  while (!text.endsWith(MARKED)) text += await line.receive(1)
  return text.slice(0, -MARKED.length)
}

const tcp: readonly (readonly [object, string])[] = [
  [{ kind: 'silence' }, ''],
  [{ kind: 'delay', ms: 5 }, GOOD],
  [{ kind: 'drip', byteMs: 1 }, GOOD],
  [{ kind: 'exception', code: 4 }, '000100000003018404'],
  [{ kind: 'exception', code: 10 }, '00010000000301840a'],
  [{ kind: 'busy' }, '000100000003018406'],
  [{ kind: 'wrongUnit' }, '00010000000702040400011170'],
  [{ kind: 'wrongUnit', unit: 77 }, '0001000000074d040400011170'],
  [{ kind: 'wrongFunction' }, '00010000000701030400011170'],
  [{ kind: 'wrongFunction', function: 16 }, '00010000000701100400011170'],
  [{ kind: 'wrongTransaction' }, '00020000000701040400011170'],
  [{ kind: 'shortFrame' }, '000100000007010404' + '0001'],
  [{ kind: 'shortFrame', missing: 300 }, ''],
  [{ kind: 'shortFrame', fitting: true }, '000100000005010404' + '0001'],
  [{ kind: 'extraBytes', hex: 'abcdef' }, `${GOOD}abcdef`],
  [{ kind: 'byteSwapped', points: ['power'] }, '000100000007010404' + '01007011'],
  [{ kind: 'wordSwapped', points: ['power'] }, '000100000007010404' + '11700001'],
  [{ kind: 'notAvailable', points: ['power'] }, '000100000007010404' + '80000000'],
  [{ kind: 'counterJump', point: 'power', by: -70_001 }, '000100000007010404' + 'ffffffff'],
  [{ kind: 'counterRollover', point: 'power', bits: 16 }, '000100000007010404' + '00001170'],
  [{ kind: 'counterReset', point: 'power', to: 5 }, '000100000007010404' + '00000005'],
  // an image that its registers cannot hold is a failure of the device, not of the wire
  [{ kind: 'counterJump', point: 'power', by: 1e12 }, '000100000003018404'],
]

describe('a fault as a raw client sees it on Modbus TCP', () => {
  it.each(tcp)('%j', async (fault, expected) => {
    expect(await answered(fault)).toBe(expected)
  })

  it('late: after what was asked behind it', async () => {
    const made = await onTcp()
    made.fault({ kind: 'late', ms: 20 })
    const line = await raw(made.port)
    line.send(ASK + MARK)
    expect(await line.receive(MARKED.length / 2)).toBe(MARKED)
    expect(await line.receive(GOOD.length / 2)).toBe(GOOD)
  })

  it('delay: after its time and not before, and what is behind it waits', async () => {
    const clock = watchedClock()
    const made = await onTcp([deviceOf()], { clock })
    made.fault({ kind: 'delay', ms: 700 })
    const line = await raw(made.port)
    line.send(ASK + MARK)
    await clock.waitedFor(700)
    await clock.advance(699)
    expect(line.waiting()).toBe(0)
    await clock.advance(1)
    expect(await line.receive(22)).toBe(GOOD + MARKED)
  })

  it('drip: byte by byte', async () => {
    const clock = watchedClock()
    const made = await onTcp([deviceOf()], { clock })
    made.fault({ kind: 'drip', byteMs: 10 })
    const line = await raw(made.port)
    line.send(ASK)
    for (let i = 1; i <= GOOD.length / 2; i++) {
      await clock.waitedFor(10 * i)
      expect(line.waiting()).toBe(0)
      await clock.advance(10)
      expect(await line.receive(1)).toBe(GOOD.slice(2 * i - 2, 2 * i))
    }
  })

  it('reset: in place of the answer', async () => {
    const made = await onTcp()
    made.fault({ kind: 'reset' })
    const line = await raw(made.port)
    let code: string | undefined
    line.socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code
    })
    line.send(ASK)
    expect(await line.closed).toBe('closed')
    expect(code).toBe('ECONNRESET')
  })

  it('half open: takes connections, and neither answers nor closes', async () => {
    const made = await onTcp([deviceOf(), deviceOf({ name: 'other', unitId: 2 })])
    const id = made.fault({ kind: 'halfOpen' })
    const dead = await raw(made.port)
    dead.send(ASK)
    await expect.poll(() => made.faults.get(id)?.hits).toBe(1)
    made.faults.remove(id)
    dead.send(ASK)
    dead.socket.end()
    const alive = await raw(made.port)
    alive.send(ASK)
    expect(await alive.receive(GOOD.length / 2)).toBe(GOOD)
    expect(dead.waiting()).toBe(0)
    expect(dead.socket.readableEnded).toBe(false)
  })

  it('refused: for its time; open connections are reset, and then the port is there again', async () => {
    const clock = watchedClock()
    const made = await onTcp([deviceOf()], { clock })
    const before = await raw(made.port)
    before.send(ASK)
    expect(await before.receive(GOOD.length / 2)).toBe(GOOD)
    made.fault({ kind: 'refused', afterMs: 1_000, forMs: 500 })
    await clock.waitedFor(1_000)
    await clock.advance(1_000)
    expect(await before.closed).toBe('closed')
    await clock.waitedFor(1_500)
    await expect(rawConnection(made.port)).rejects.toThrow(/ECONNREFUSED/)
    await clock.advance(500)
    await expect
      .poll(() =>
        rawConnection(made.port).then(
          () => 'there',
          () => 'refused',
        ),
      )
      .toBe('there')
    const after = await raw(made.port)
    after.send(ASK)
    expect(await after.receive(GOOD.length / 2)).toBe(GOOD)
  })

  it('stuck: what was there when it began; frozen clock: only the clock', async () => {
    const clock = watchedClock(5_000)
    let power = 1
    const values = (clockMs: number) => ({ power: power++, clock: clockMs / 1_000 })
    const made = await onTcp([deviceOf({ values })], { clock })
    const line = await raw(made.port)
    const read = async () => {
      line.send('0001 0000 0006 01 04 0064 0009')
      const words = (await line.receive(27)).slice(18)
      return { power: Number.parseInt(words.slice(0, 8), 16), clock: Number.parseInt(words.slice(28), 16) }
    }
    const stuck = made.fault({ kind: 'stuck' })
    const held = await read()
    await clock.advance(60_000)
    expect(await read()).toEqual(held)
    made.faults.remove(stuck)
    expect((await read()).clock).toBe(65)
    made.fault({ kind: 'frozenClock' })
    const first = await read()
    await clock.advance(60_000)
    const second = await read()
    expect(second.clock).toBe(65)
    expect(second.power).toBeGreaterThan(first.power)
    made.fault({ kind: 'stuck', points: ['power'] })
    expect((await read()).power).toBe((await read()).power)
  })
})

/** The same request as an RTU frame, and its answer. CRCs are those of the specification's algorithm, computed elsewhere. */
const RTU_ASK = '01 04 0064 0002 3014'
const RTU_GOOD = '01040400011170a7f0'
const RTU_MARK = '02 04 0064 0002 3027'
const RTU_MARKED = '02040400011170'.concat('94f0')

async function onRtu() {
  const made = bench([deviceOf(), deviceOf({ name: 'other', unitId: 2 })], 'rtu-tcp')
  const server = await serveRtuOverTcp({
    ...{ ...made.wire, host: '127.0.0.1', port: 0, devices: made.devices, pace: UNPACED },
  })
  closing.push(() => server.close())
  return { ...made, port: server.port }
}

const rtu: readonly (readonly [object, string])[] = [
  [{ kind: 'silence' }, ''],
  [{ kind: 'delay', ms: 5 }, RTU_GOOD],
  [{ kind: 'drip', byteMs: 1 }, RTU_GOOD],
  [{ kind: 'exception', code: 4 }, '01840442c3'],
  [{ kind: 'busy' }, '018406c302'],
  [{ kind: 'wrongUnit' }, '0204040001117094f0'],
  [{ kind: 'wrongFunction' }, '01030400011170a647'],
  [{ kind: 'shortFrame' }, '01040400011170'],
  [{ kind: 'shortFrame', fitting: true }, '010404000198f1'],
  [{ kind: 'badCrc' }, '01040400011170a70f'],
  [{ kind: 'extraBytes', hex: 'ff' }, `${RTU_GOOD}ff`],
  [{ kind: 'byteSwapped', points: ['power'] }, '010404010070111fb4'],
  [{ kind: 'wordSwapped', points: ['power'] }, '010404117000013ea3'],
  [{ kind: 'notAvailable', points: ['power'] }, '01040480000000d244'],
]

describe('a fault as a raw client sees it on RTU over TCP', () => {
  it.each(rtu)('%j', async (fault, expected) => {
    const made = await onRtu()
    made.fault(fault)
    const line = await raw(made.port)
    line.send(RTU_ASK + RTU_MARK)
    const all = expected + RTU_MARKED
    expect(await line.receive(all.length / 2)).toBe(all)
  })

  it('reset and refused', async () => {
    const made = await onRtu()
    const reset = made.fault({ kind: 'reset' })
    const line = await raw(made.port)
    line.send(RTU_ASK)
    expect(await line.closed).toBe('closed')
    made.faults.remove(reset)
    made.fault({ kind: 'refused' })
    await expect
      .poll(() =>
        rawConnection(made.port).then(
          () => 'there',
          () => 'refused',
        ),
      )
      .toBe('refused')
  })

  it('is paced like the line behind the serial server', async () => {
    const clock = watchedClock()
    const made = bench([deviceOf({ turnaroundMs: 20 })], 'rtu-tcp', clock)
    const pace = paceOf({ baudRate: 10_000, parity: 'none', stopBits: 1 })
    const server = await serveRtuOverTcp({ ...made.wire, host: '127.0.0.1', port: 0, devices: made.devices, pace })
    closing.push(() => server.close())
    const line = await raw(server.port)
    line.send(RTU_ASK)
    // eight characters of 1 ms, 3.5 of silence, the turnaround, nine characters
    await clock.waitedFor(8 + 3.5 + 20 + 9)
    expect(line.waiting()).toBe(0)
    await clock.advance(41)
    expect(await line.receive(9)).toBe(RTU_GOOD)
  })
})

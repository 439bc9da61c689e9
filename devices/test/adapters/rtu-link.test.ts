import { Fault, type ManualClock, manualClock } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import type { Link } from '../../src/adapters/link.ts'
import { type ByteLine, rtuLink } from '../../src/adapters/rtu-link.ts'
import { exceptionOf } from '../../src/core/faults.ts'
import { withCrc } from '../../src/core/rtu-frame.ts'

const TIMEOUT_MS = 300
const MAX_REPLY_DELAY_MS = 1_000
/** 9,600 baud. */
const CHARACTER_MS = 10 / 9.6
const GAP_MS = 3.5 * CHARACTER_MS

interface Heard {
  readonly unitId: number
  readonly code: number
  readonly at: number
  readonly count: number
}

/** What a slave does with a request: the chunks that it sends, each so long after the request. */
type Slave = (heard: Heard) => readonly { readonly afterMs: number; readonly bytes: Uint8Array }[]

const registersAnswer = ({ unitId, code, count }: Heard, value: (i: number) => number) =>
  withCrc([
    unitId,
    code,
    2 * count,
    ...Array.from({ length: count }, (_, i) => [value(i) >> 8, value(i) & 0xff]).flat(),
  ])
/** Every register holds its own address. */
const own = (heard: Heard) => registersAnswer(heard, (i) => heard.at + i)

/** A line in virtual time with a slave behind it. */
function virtualLine(clock: ManualClock, slave: Slave) {
  let tell: (bytes: Uint8Array | undefined) => void = () => undefined
  const sentAtMs: number[] = []
  const line: ByteLine & { alive: boolean } = {
    alive: true,
    async write(bytes) {
      sentAtMs.push(clock.nowMs())
      const [unitId = 0, code = 0, high = 0, low = 0, countHigh = 0, countLow = 0] = bytes
      const heard = { unitId, code, at: (high << 8) | low, count: (countHigh << 8) | countLow }
      for (const { afterMs, bytes: answer } of slave(heard)) {
        void clock.until(clock.nowMs() + 8 * CHARACTER_MS + afterMs).then(() => tell(answer))
      }
    },
    listen: (onBytes) => {
      tell = onBytes
    },
    destroy: () => {
      line.alive = false
    },
  }
  const options = {
    ...{ name: 'line', characterMs: CHARACTER_MS, gapMs: GAP_MS, maxReplyDelayMs: MAX_REPLY_DELAY_MS, clock },
    ...{ free: { atMs: 0 }, mostSilences: 3 },
  }
  /** The line again, after its connection was lost. */
  const again = () => {
    line.alive = true
    return asked(rtuLink(line, options))
  }
  return { link: asked(rtuLink(line, options)), line, sentAtMs, lose: () => tell(undefined), again }
}

/** As a shared line asks: when the link is ready. */
function asked(link: Link): Link {
  return {
    ...{ ready: () => link.ready(), destroy: () => link.destroy() },
    get alive() {
      return link.alive
    },
    async request(request, timeoutMs) {
      await link.ready()
      return link.request(request, timeoutMs)
    },
  }
}

/** What a promise comes to, time moving on until it does. */
async function settled<T>(clock: ManualClock, promise: Promise<T>): Promise<T | Fault> {
  let result: { readonly value: T | Fault } | undefined
  promise.then(
    (value) => {
      result = { value }
    },
    (error: unknown) => {
      if (!(error instanceof Fault)) throw error
      result = { value: error }
    },
  )
  while (result === undefined) await clock.advance(50)
  return result.value
}

const input = (at: number, count = 1, unitId = 1) => ({ unitId, kind: 'input', at, count }) as const

describe('an RTU line', () => {
  it('reads what the slave answers, an answer in pieces too', async () => {
    const clock = manualClock(0)
    const { link } = virtualLine(clock, (heard) => {
      const bytes = own(heard)
      return [...bytes].map((byte, i) => ({ afterMs: 20 + 40 * i, bytes: Uint8Array.of(byte) }))
    })
    expect(await settled(clock, link.request(input(100), TIMEOUT_MS))).toEqual([100])
  })

  it('leaves a gap before each request', async () => {
    const clock = manualClock(0)
    const { link, sentAtMs } = virtualLine(clock, (heard) => [{ afterMs: 10, bytes: own(heard) }])
    await settled(clock, link.request(input(1), TIMEOUT_MS))
    const answeredMs = 8 * CHARACTER_MS + 10
    await settled(clock, link.request(input(2), TIMEOUT_MS))
    expect((sentAtMs[1] ?? 0) - answeredMs).toBeGreaterThanOrEqual(GAP_MS)
  })

  it.each([
    ['an exception', withCrc([1, 0x84, 2]), 'device', 2],
    ['a wrong CRC', Uint8Array.of(1, 4, 2, 0, 100, 0, 0), 'protocol', undefined],
    ['another unit', withCrc([2, 4, 2, 0, 100]), 'protocol', undefined],
    ['another function', withCrc([1, 3, 2, 0, 100]), 'protocol', undefined],
    ['another length', withCrc([1, 4, 4, 0, 100, 0, 0]), 'protocol', undefined],
    ['a short frame', Uint8Array.of(1, 4, 2, 0), 'protocol', undefined],
    ['nothing', new Uint8Array(), 'timeout', undefined],
  ])('gives no value for %s, and reads on after it', async (_, bytes, code, exception) => {
    const clock = manualClock(0)
    const { link } = virtualLine(clock, (heard) => [{ afterMs: 10, bytes: heard.at === 100 ? bytes : own(heard) }])
    const fault = await settled(clock, link.request(input(100), TIMEOUT_MS))
    expect(fault).toMatchObject({ code })
    expect(exceptionOf(fault)).toBe(exception)
    expect(await settled(clock, link.request(input(7), TIMEOUT_MS))).toEqual([7])
  })

  it('never takes a late answer for another’s, back to back, ten thousand times', { timeout: 120_000 }, async () => {
    const clock = manualClock(0)
    let turn = 0
    // late by up to the bound, whole or in two pieces, at every phase against what the reader does next
    const { link } = virtualLine(clock, (heard) => {
      turn++
      const bytes = own(heard)
      const afterMs = TIMEOUT_MS + ((turn * 7_919) % (MAX_REPLY_DELAY_MS - TIMEOUT_MS))
      const cut = turn % bytes.length
      return turn % 3 === 0
        ? [
            { afterMs, bytes: bytes.subarray(0, cut) },
            { afterMs: afterMs + 15, bytes: bytes.subarray(cut) },
          ]
        : [{ afterMs, bytes }]
    })
    let [right, silent] = [0, 0]
    for (let i = 0; i < 10_000; i++) {
      // the same length each time: only the address tells the answers apart, and it is not in them
      const at = (i * 31) % 60_000
      const result = await settled(clock, link.request(input(at, 2), TIMEOUT_MS))
      if (result instanceof Fault) silent++
      else {
        expect(result).toEqual([at, at + 1])
        right++
      }
    }
    expect(right + silent).toBe(10_000)
    expect(silent).toBeGreaterThan(9_000)
    expect(turn).toBe(10_000)
  })

  it('goes on as soon as the late answer has come, and not before', async () => {
    const clock = manualClock(0)
    const { link, sentAtMs } = virtualLine(clock, (heard) => [
      { afterMs: heard.at === 100 ? TIMEOUT_MS + 100 : 10, bytes: own(heard) },
    ])
    expect(await settled(clock, link.request(input(100), TIMEOUT_MS))).toMatchObject({ code: 'timeout' })
    expect(await settled(clock, link.request(input(7), TIMEOUT_MS))).toEqual([7])
    const [first = 0, second = 0] = sentAtMs
    expect(second - first).toBeGreaterThan(TIMEOUT_MS + 100)
    expect(second - first).toBeLessThan(MAX_REPLY_DELAY_MS)
  })

  it('hears its own echo, and noise before an answer, and reads all the same', async () => {
    const clock = manualClock(0)
    const { link } = virtualLine(clock, (heard) => [
      { afterMs: 0, bytes: withCrc([heard.unitId, heard.code, heard.at >> 8, heard.at & 0xff, 0, heard.count]) },
      { afterMs: 10, bytes: Uint8Array.of(0xff, 0) },
      { afterMs: 11, bytes: own(heard) },
    ])
    expect(await settled(clock, link.request(input(100), TIMEOUT_MS))).toEqual([100])
  })

  it('tells a lost line from silence, at once', async () => {
    const clock = manualClock(0)
    const { link, lose } = virtualLine(clock, () => [])
    const asked = link.request(input(1), TIMEOUT_MS)
    await clock.advance(50)
    lose()
    expect(await settled(clock, asked)).toMatchObject({ code: 'transport', retryable: true })
    expect(clock.nowMs()).toBeLessThan(TIMEOUT_MS)
    expect(link.alive).toBe(false)
  })

  it('gives a connection up after three silences in a row, once no answer can come any more', async () => {
    const clock = manualClock(0)
    const answers = new Set([1])
    const { link } = virtualLine(clock, (heard) => (answers.has(heard.at) ? [{ afterMs: 10, bytes: own(heard) }] : []))
    const read = (at: number) => settled(clock, link.request(input(at), TIMEOUT_MS))
    for (const at of [2, 2, 1, 2, 2]) await read(at)
    expect(await settled(clock, Promise.resolve(link.ready()))).toBe(true)
    expect(await read(2)).toMatchObject({ code: 'timeout' })
    const saidMs = clock.nowMs()
    expect(await settled(clock, Promise.resolve(link.ready()))).toBe(false)
    expect(clock.nowMs() - saidMs).toBeGreaterThanOrEqual(MAX_REPLY_DELAY_MS - TIMEOUT_MS - 50)
    expect(link.alive).toBe(false)
  })

  it('does not take over a new connection what was asked for over the one that was lost', async () => {
    const clock = manualClock(0)
    // what answers late hands it to whoever is connected then
    const { link, lose, again } = virtualLine(clock, (heard) => [
      { afterMs: heard.at === 100 ? 600 : 10, bytes: own(heard) },
    ])
    const first = link.request(input(100), TIMEOUT_MS)
    await clock.advance(50)
    lose()
    expect(await settled(clock, first)).toMatchObject({ code: 'transport' })
    expect(await settled(clock, again().request(input(7), TIMEOUT_MS))).toEqual([7])
    expect(clock.nowMs()).toBeGreaterThan(MAX_REPLY_DELAY_MS)
  })
})

import { Fault } from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodiesIn } from '../../src/telegrams/sml.ts'
import { entriesIn } from '../../src/telegrams/sml-list.ts'
import { crcX25, telegramIn } from '../../src/telegrams/sml-transport.ts'
import { FRESH_MS, WAIT_MS } from '../../src/telegrams/telegram-meter.ts'
import { readingOf } from '../../src/telegrams/values.ts'
import { type Entry, idOf, smlTelegram, W, WH } from './build.ts'
import { figures, pushed } from './pushed.ts'

interface Golden {
  readonly meter: string
  readonly telegram: Uint8Array
  /** Wh and W; null: the meter does not show it. */
  readonly import: number | null
  readonly export: number | null
  readonly importW: number | null
  readonly exportW: number | null
  readonly step: number
}

const wh = (code: string, value: bigint, rest: Partial<Entry> = {}): Entry => ({
  code,
  value,
  unit: WH,
  scaler: -1,
  ...rest,
})
const watt = (code: string, value: bigint, rest: Partial<Entry> = {}): Entry => ({
  ...{ code, value, unit: W, scaler: -1, signed: true, bytes: 4, ...rest },
})

/** Telegrams in the forms that makes of meters have: which values, of what width, sign and scaler. */
const GOLDEN: readonly Golden[] = [
  {
    meter: 'EMH ED300L that draws: power without a sign, its direction in the status',
    telegram: smlTelegram({
      maker: 'EMH',
      entries: [wh('1.8.0', 172_433_683n, { status: 0x182 }), wh('1.8.1', 172_433_683n), watt('15.7.0', 1_371n)],
    }),
    ...{ import: 17_243_368, export: null, importW: 137.1, exportW: 0, step: 1 },
  },
  {
    meter: 'EMH ED300L that feeds in',
    telegram: smlTelegram({
      maker: 'EMH',
      entries: [wh('1.8.0', 172_436_756n, { status: 0x1b0 }), watt('15.7.0', 1_266n)],
    }),
    ...{ import: 17_243_676, export: null, importW: 0, exportW: 126.6, step: 1 },
  },
  {
    meter: 'ISKRA MT175 with both counters and a sign',
    telegram: smlTelegram({
      entries: [wh('1.8.0', 107_323_091n), wh('2.8.0', 282_753_245n), watt('16.7.0', -4_308n, { scaler: 0, bytes: 2 })],
    }),
    ...{ import: 10_732_309, export: 28_275_325, importW: 0, exportW: 4_308, step: 1 },
  },
  {
    meter: 'ISKRA MT631 before its PIN: whole kWh and no power',
    telegram: smlTelegram({ entries: [wh('1.8.0', 2_043n, { scaler: 3 }), wh('2.8.0', 0n, { scaler: 3 })] }),
    ...{ import: 2_043_000, export: 0, importW: null, exportW: null, step: 1_000 },
  },
  {
    meter: 'EasyMeter Q3A in ten-thousandths of a Wh',
    telegram: smlTelegram({
      maker: 'ESY',
      entries: [
        wh('1.8.0', 29_416_461_234n, { scaler: -4 }),
        wh('2.8.0', 1_100_725_678n, { scaler: -4 }),
        watt('16.7.0', 81_026n, { scaler: -2, bytes: 8 }),
      ],
    }),
    ...{ import: 2_941_646, export: 110_073, importW: 810.26, exportW: 0, step: 1 },
  },
  {
    meter: 'two tariffs without a total',
    telegram: smlTelegram({ entries: [wh('1.8.1', 100n), wh('1.8.2', 250n), watt('16.7.0', -1n, { bytes: 1 })] }),
    ...{ import: 35, export: null, importW: 0, exportW: 0.1, step: 1 },
  },
  {
    meter: 'powers of the phases alone',
    telegram: smlTelegram({
      entries: [wh('1.8.0', 10n), watt('36.7.0', 100n), watt('56.7.0', -350n), watt('76.7.0', 50n)],
    }),
    ...{ import: 1, export: null, importW: 0, exportW: 20, step: 1 },
  },
  {
    meter: 'Holley DTZ541 whose telegrams have the CRC of Kermit, and times without their choice',
    telegram: smlTelegram({
      ...{ maker: 'HLY', serverId: idOf('HLY', 1), check: 'kermit' },
      entries: [
        wh('1.8.0', 107_938_987n, { bytes: 4, status: 0x1c_0104, time: 90_000 }),
        wh('2.8.0', 136_098_900n, { bytes: 4, status: 0x1c_0104, time: 90_000 }),
        watt('16.7.0', -188n, { scaler: 0, bytes: 2 }),
      ],
    }),
    ...{ import: 10_793_899, export: 13_609_890, importW: 0, exportW: 188, step: 1 },
  },
]
const FRAMES = 20_000 * Number(process.env.WATTFLEET_FUZZ ?? 1)
const never = new AbortController().signal

const first = GOLDEN[0]
if (first === undefined) throw new Error('no telegram')
const good = first.telegram
describe('an SML telegram', () => {
  it.each(GOLDEN)('of $meter says what the meter showed', ({ meter: _, telegram, ...expected }) => {
    const framed = telegramIn(telegram)
    if (framed.is !== 'telegram') throw new Error(framed.is)
    const reading = readingOf(entriesIn(framed.content, framed.check) ?? [], 0, 0)
    expect(figures(reading)).toEqual(expected)
    expect(framed.next).toBe(telegram.length)
  })

  it('has the CRC of X.25', () => {
    // the check value that catalogues of CRCs give
    expect(crcX25(new TextEncoder().encode('123456789'))).toBe(0x906e)
  })

  it('is found between noise, and after one that was cut short', () => {
    const noise = Uint8Array.of(0x1b, 1, 2, 0x1b, 0x1b)
    for (const before of [noise, good.subarray(0, 101), good.subarray(40)]) {
      let bytes = Uint8Array.from([...before, ...good, ...noise])
      let found = 0
      for (let framed = telegramIn(bytes); framed.is !== 'incomplete'; framed = telegramIn(bytes)) {
        if (framed.is === 'telegram') found++
        bytes = bytes.slice(framed.next)
      }
      expect(found).toBe(1)
    }
  })

  it('may hold the escape sequence, doubled', () => {
    const content = [0x1b, 0x1b, 0x1b, 0x1b]
    const start = [0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1]
    const body = [...start, ...content, ...content, 9, 9, 9, 0, 0x1b, 0x1b, 0x1b, 0x1b, 0x1a, 1]
    const crc = crcX25(Uint8Array.from(body))
    const framed = telegramIn(Uint8Array.from([...body, crc & 0xff, crc >> 8]))
    expect(framed).toMatchObject({ is: 'telegram', content: Uint8Array.from([...content, 9, 9, 9]) })
  })

  it('is not taken with a bit of it changed', () => {
    for (let bit = 0; bit < good.length * 8; bit++) {
      const changed = Uint8Array.from(good)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(telegramIn(changed).is, `bit ${bit}`).not.toBe('telegram')
    }
  })

  it('ends, whatever its content: no crash, no hang', { timeout: 60_000 }, () => {
    const content = telegramIn(good)
    const real = content.is === 'telegram' ? content.content : good
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat({ max: real.length }), (bytes, at) => {
        for (const one of [bytes, Uint8Array.from([...real.slice(0, at), ...bytes, ...real.slice(at)])])
          for (const check of ['x25', 'kermit'] as const) {
            const entries = entriesIn(one, check)
            for (const { value } of entries ?? []) expect(value === undefined || Number.isFinite(value)).toBe(true)
            expect(entries === undefined).toBe(bodiesIn(one, check) === undefined)
          }
      }),
      { numRuns: FRAMES / 10 },
    )
  })
})

describe('a meter that pushes', () => {
  it.each([1, 7, 64, good.length])('is read from pieces of %i bytes', async (size) => {
    const { meter, clock, turn, say } = pushed()
    const reading = meter.read(never)
    await turn()
    for (let at = 0; at < good.length; at += size) say(good.subarray(at, at + size))
    expect(await reading).toMatchObject({
      atMs: clock.nowMs(),
      importEnergyWh: { quality: 'good', value: first.import },
    })
    meter.close()
  })

  it('gives its latest telegram again while that is young, and waits for the next when it is not', async () => {
    const { meter, steady, clock, turn, say, opened } = pushed()
    const earlier = meter.read(never)
    await turn()
    say(good)
    const { atMs } = await earlier
    await clock.advance(FRESH_MS)
    await steady.advance(FRESH_MS)
    expect((await meter.read(never)).atMs).toBe(atMs)
    await steady.advance(1)
    const later = meter.read(never)
    await turn()
    say(good)
    expect((await later).atMs).toBe(atMs + FRESH_MS)
    expect(opened()).toBe(1)
    meter.close()
  })

  it.each<[string, Uint8Array | undefined, string]>([
    ['that is silent', undefined, 'timeout'],
    [
      'whose telegrams are broken',
      Uint8Array.from([...good.slice(0, 60), (good[60] ?? 0) ^ 1, ...good.slice(61)]),
      'malformed',
    ],
  ])('%s has no values, and a reason', async (_, bytes, reason) => {
    const { meter, steady, turn, say } = pushed()
    const reading = meter.read(never)
    await turn()
    if (bytes !== undefined) say(bytes)
    await steady.advance(WAIT_MS.sml)
    expect((await reading).importEnergyWh).toMatchObject({ quality: 'missing', reason })
    meter.close()
  })

  it('whose line is lost says so at once, and is opened anew', async () => {
    const { meter, turn, say, opened } = pushed()
    const reading = meter.read(never)
    await turn()
    say(undefined)
    expect((await reading).importW).toMatchObject({ reason: 'connection' })
    const again = meter.read(never)
    await turn()
    say(good)
    expect((await again).importEnergyWh).toMatchObject({ value: first.import })
    expect(opened()).toBe(2)
    meter.close()
  })

  it('whose port there is not says so', async () => {
    const { meter } = pushed('sml', new Fault('transport', '/dev/ttyUSB0: no such file', { retryable: true }))
    expect((await meter.read(never)).importW).toMatchObject({ reason: 'connection' })
  })

  it('stops when its reader does, and when it is closed', async () => {
    const { meter, turn } = pushed('text')
    const stop = new AbortController()
    const reading = meter.read(stop.signal)
    await turn()
    stop.abort()
    expect((await reading).importW).toMatchObject({ reason: 'stopped' })
    const other = meter.read(never)
    await turn()
    meter.close()
    expect((await other).importW).toMatchObject({ reason: 'stopped' })
  })

  it('gives up opening its line when it is closed', async () => {
    const { meter, turn, opening } = pushed('sml')
    const reading = meter.read(never)
    await turn()
    expect(opening()?.aborted).toBe(false)
    meter.close()
    expect(opening()?.aborted).toBe(true)
    await reading
  })
})

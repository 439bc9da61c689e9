import { manualClock } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { frameMs, paceOf, piecesOf, UNPACED } from '../../src/wire/pace.ts'
import { RtuLine } from '../../src/wire/rtu-line.ts'
import { bench, deviceOf } from '../served.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('what a frame takes on a line', () => {
  it.each([
    // an answer of 125 registers is 255 bytes; a character has ten bits at 8N1 and eleven at 8E1
    { baudRate: 9_600, parity: 'none', bytes: 255, ms: 265.625, gapMs: 3.6458 },
    { baudRate: 9_600, parity: 'even', bytes: 255, ms: 292.1875, gapMs: 4.0104 },
    { baudRate: 19_200, parity: 'even', bytes: 8, ms: 4.5833, gapMs: 2.0052 },
    { baudRate: 115_200, parity: 'none', bytes: 8, ms: 0.6944, gapMs: 1.75 },
  ] as const)('at $baudRate baud, parity $parity', ({ baudRate, parity, bytes, ms, gapMs }) => {
    const pace = paceOf({ baudRate, parity, stopBits: 1 })
    expect(frameMs(pace, bytes)).toBeCloseTo(ms, 3)
    expect(pace.gapMs).toBeCloseTo(gapMs, 3)
  })

  it('comes in the pieces in which an adapter hands it over', () => {
    const pieces = piecesOf(
      Uint8Array.from({ length: 40 }, (_, i) => i),
      1_000,
      1,
    )
    expect(pieces.map(({ atMs, bytes }) => [atMs, bytes.length])).toEqual([
      [1_016, 16],
      [1_032, 16],
      [1_040, 8],
    ])
    expect(piecesOf(hex('010203'), 5, 10, 0).map(({ atMs, bytes }) => [atMs, ...bytes])).toEqual([
      [15, 1],
      [25, 2],
      [35, 3],
    ])
    expect(piecesOf(hex('0102'), 5, 0)).toEqual([{ atMs: 5, bytes: hex('0102') }])
    expect(piecesOf(new Uint8Array(), 5, 1)).toEqual([])
  })
})

/** Lines at 1000 baud 8N1: a character takes 10 ms, the gap 35. */
function line(turnaroundMs = 0, pace = paceOf({ baudRate: 1_000, parity: 'none', stopBits: 1 })) {
  const clock = manualClock(0)
  const made = bench([deviceOf({ turnaroundMs })], 'rtu-serial', clock)
  const sent: { atMs: number; hex: string }[] = []
  const over = new AbortController()
  const ear = new RtuLine(made.devices, pace, clock).connect({
    signal: over.signal,
    write: (bytes) => void sent.push({ atMs: clock.nowMs(), hex: Buffer.from(bytes).toString('hex') }),
    hold: () => undefined,
    reset: () => undefined,
    end: () => undefined,
  })
  return { ...made, clock, sent, ear }
}

// register 104, and what it holds
const REQUEST = '01 04 0068 0001 b016'
const ANSWER = '0104021234b447'

describe('a line at its pace', () => {
  it('answers when the request, the gap and the turnaround are over, and its own bytes are through', async () => {
    const { clock, sent, ear } = line(25)
    ear.bytes(hex(REQUEST))
    await clock.advance(10_000)
    // 8 characters, 3.5 of silence, 25 ms; then seven characters, each of them an adapter's piece
    expect(sent.map(({ atMs }) => atMs)).toEqual([150, 160, 170, 180, 190, 200, 210])
    expect(sent.map((one) => one.hex).join('')).toBe(ANSWER)
  })

  it('carries one frame at a time', async () => {
    const { clock, sent, ear } = line()
    ear.bytes(hex(REQUEST + REQUEST))
    await clock.advance(10_000)
    // the first answer is through at 80 + 35 + 70
    expect(sent[6]?.atMs).toBe(185)
    expect(sent[7]?.atMs).toBe(185 + 80 + 35 + 10)
    expect(sent.map((one) => one.hex).join('')).toBe(ANSWER + ANSWER)
  })

  it('takes no time where nothing is paced', async () => {
    const { clock, sent, ear } = line(0, UNPACED)
    ear.bytes(hex(REQUEST))
    await clock.advance(0)
    expect(sent).toEqual([{ atMs: 0, hex: ANSWER }])
  })

  it('answers neither another unit, nor a wrong CRC, nor the broadcast', async () => {
    const { clock, sent, ear } = line(0, UNPACED)
    ear.bytes(hex('02 04 0068 0001 b025'))
    ear.bytes(hex('01 04 0068 0001 b017'))
    await clock.advance(300)
    ear.bytes(hex('00 04 0068 0001 b1c7'))
    await clock.advance(10_000)
    expect(sent).toEqual([])
    ear.bytes(hex(REQUEST))
    await clock.advance(0)
    expect(sent.map((one) => one.hex)).toEqual([ANSWER])
  })

  it('finds a request behind noise, and forgets a beginning that was left', async () => {
    const { clock, sent, ear } = line(0, UNPACED)
    ear.bytes(hex(`00ff ${REQUEST}`))
    await clock.advance(0)
    ear.bytes(hex('01 04 00'))
    await clock.advance(1_000)
    ear.bytes(hex(REQUEST))
    await clock.advance(0)
    expect(sent.map((one) => one.hex)).toEqual([ANSWER, ANSWER])
  })

  it('writes what comes for everybody', async () => {
    const clock = manualClock(0)
    const holding = {
      kind: 'holding',
      at: 0,
      length: 2,
      holes: 'readable',
      table: { x: { at: 0, as: 'u16' } },
    } as const
    const device = deviceOf({ parts: [holding], values: () => ({ x: 1 }), writable: [{ at: 0, count: 1 }] })
    const { devices } = bench([device], 'rtu-serial', clock)
    const sent: string[] = []
    const talker = { hold: () => undefined, reset: () => undefined, end: () => undefined }
    const ear = new RtuLine(devices, UNPACED, clock).connect({
      ...talker,
      signal: new AbortController().signal,
      write: (bytes) => void sent.push(Buffer.from(bytes).toString('hex')),
    })
    ear.bytes(hex('00 06 0000 0007 c9d9'))
    ear.bytes(hex('01 03 0000 0001 840a'))
    await clock.advance(0)
    expect(sent).toEqual(['0103020007f986'])
  })

  it('lets what comes late come in between', async () => {
    const { clock, sent, ear, fault, faults } = line(0, UNPACED)
    const id = fault({ kind: 'late', ms: 1_500 })
    ear.bytes(hex('01 04 0066 0002 91d4'))
    await clock.advance(100)
    faults.remove(id)
    ear.bytes(hex(REQUEST))
    await clock.advance(0)
    await clock.advance(5_000)
    expect(sent.map(({ atMs, hex: text }) => [atMs, text.slice(0, 6)])).toEqual([
      [100, '010402'],
      [1_500, '010404'],
    ])
  })

  it('drips bytes more slowly than the line', async () => {
    const { clock, sent, ear, fault } = line(0, UNPACED)
    fault({ kind: 'drip', byteMs: 50 })
    ear.bytes(hex(REQUEST))
    await clock.advance(1_000)
    expect(sent.map(({ atMs }) => atMs)).toEqual([50, 100, 150, 200, 250, 300, 350])
  })
})

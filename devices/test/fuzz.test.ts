import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBits, decodeNumber, decodeText } from '../src/core/decode.ts'
import type { Block } from '../src/core/image.ts'
import { lengthOf } from '../src/core/points.ts'
import { answerIn, crc16, withCrc } from '../src/core/rtu-frame.ts'
import { modelIds, shippedModel } from '../src/models/load.ts'
import { parseModel } from '../src/models/schema.ts'
import { layOut } from '../src/sunspec/model.ts'
import { knownSunSpec } from '../src/sunspec/models.ts'
import { textTelegramIn } from '../src/telegrams/d0.ts'
import { type Entry, entriesIn } from '../src/telegrams/sml-list.ts'
import { telegramIn } from '../src/telegrams/sml-transport.ts'
import { random } from './random.ts'
import { idOf, smlTelegram, WH } from './telegrams/build.ts'
import { checkedTelegram, textTelegram } from './telegrams/text.ts'

/** Frames for each decoder; a hundred times as many with WATTFLEET_FUZZ=100. */
const FRAMES = 100_000 * Number(process.env.WATTFLEET_FUZZ ?? 1)
/** A fuzz goes on as long as it is asked to. */
const PATIENCE_MS = 60_000 * Math.max(1, Number(process.env.WATTFLEET_FUZZ ?? 1))

const request = { unitId: 7, kind: 'holding', at: 0x100, count: 3 } as const
const good = withCrc([7, 3, 6, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc])
const intact = [0x1234, 0x5678, 0x9abc]

/** Whether the whole of this frame stands somewhere in these bytes. */
function holds(bytes: Uint8Array, frame: Uint8Array): boolean {
  return Buffer.from(bytes).includes(Buffer.from(frame))
}

/** Bytes as a bad line leaves them: one to three times changed, cut, swallowed, added to, or begun again. */
function worn(good: Uint8Array, pick: (below: number) => number): Uint8Array {
  let bytes = Uint8Array.from(good)
  for (let changes = 1 + pick(3); changes > 0; changes--) {
    const at = pick(Math.max(1, bytes.length))
    switch (pick(6)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << pick(8))
        break
      case 1:
        bytes = bytes.slice(0, at)
        break
      case 2:
        bytes = bytes.slice(at)
        break
      case 3:
        bytes = Uint8Array.from([...bytes.slice(0, at), pick(256), ...bytes.slice(at)])
        break
      case 4:
        bytes = Uint8Array.from([...bytes, ...good.slice(0, pick(good.length))])
        break
      default:
        bytes[at] = pick(256)
    }
  }
  return bytes
}

describe('bytes from a serial line', () => {
  it('give no value but that of an intact answer, however they were changed', { timeout: PATIENCE_MS }, () => {
    const pick = random(0x5eed)
    let taken = 0
    for (let n = 0; n < FRAMES; n++) {
      const bytes = worn(good, pick)
      const answer = answerIn(bytes, request)
      if (answer.is !== 'registers') continue
      taken++
      // a change may leave an intact frame, or make one of other registers with a CRC that fits: 1 in 65,536
      expect(holds(bytes, good) ? answer.registers : withCrcIn(bytes, answer.registers)).toEqual(
        holds(bytes, good) ? intact : true,
      )
    }
    expect(taken).toBeLessThan(FRAMES / 2)
  })

  it('that are noise give no value', { timeout: PATIENCE_MS }, () => {
    const pick = random(0xbeef)
    for (let n = 0; n < FRAMES; n++) {
      const bytes = Uint8Array.from({ length: pick(40) }, () => pick(256))
      const answer = answerIn(bytes, request)
      if (answer.is === 'registers') expect(withCrcIn(bytes, answer.registers)).toBe(true)
    }
  })
})

/** Whether these bytes hold a frame of these registers whose unit, function, length and CRC are right. */
function withCrcIn(bytes: Uint8Array, registers: readonly number[]): boolean {
  const frame = withCrc([7, 3, 6, ...registers.flatMap((one) => [one >> 8, one & 0xff])])
  return crc16(frame.subarray(0, -2)) === ((frame.at(-2) ?? 0) | ((frame.at(-1) ?? 0) << 8)) && holds(bytes, frame)
}

/** All that telegrams in these bytes say, as a meter that pushes reads them; it has to come to an end. */
function told(format: 'sml' | 'text', bytes: Uint8Array): readonly Entry[] {
  const said: Entry[] = []
  let rest = bytes
  for (let looks = 0; ; looks++) {
    if (looks > bytes.length) throw new Error(`no end in ${Buffer.from(bytes).toString('hex')}`)
    const found = format === 'sml' ? telegramIn(rest) : textTelegramIn(rest)
    if ('check' in found) said.push(...(entriesIn(found.content, found.check) ?? []))
    if ('entries' in found) said.push(...found.entries)
    if (found.is === 'incomplete') return said
    rest = rest.slice(found.next)
  }
}

describe('bytes from an infrared head', () => {
  const entries = [{ code: '1.8.0', value: 107_938_987n, unit: WH, scaler: -1 }]
  const isNumber = ({ value }: Entry) => value === undefined || Number.isFinite(value)

  it.each(['x25', 'kermit'] as const)(
    'give no value but that of an intact telegram with the CRC of %s',
    { timeout: PATIENCE_MS },
    (check) => {
      const pick = random(0x541)
      const telegram = smlTelegram({ entries, maker: 'HLY', serverId: idOf('HLY', 88_507), check })
      const intact = told('sml', telegram)
      expect(intact).toHaveLength(2)
      let taken = 0
      for (let n = 0; n < FRAMES / 10; n++) {
        const bytes = worn(telegram, pick)
        const said = told('sml', bytes)
        if (said.length === 0) continue
        taken++
        expect(holds(bytes, telegram)).toBe(true)
        expect(said.slice(0, 2)).toEqual(intact)
      }
      expect(taken).toBeGreaterThan(0)
      expect(taken).toBeLessThan(FRAMES / 20)
    },
  )

  it.each([
    ['guarded', checkedTelegram],
    ['bare', textTelegram],
  ])('give finite values, and an end, of %s readable telegrams', { timeout: PATIENCE_MS }, (_, build) => {
    const pick = random(0x3d)
    const telegram = build({ importWh: 24_567_266, exportWh: 12_500, powerW: -445.25 })
    for (let n = 0; n < FRAMES / 10; n++)
      expect(told('text', Buffer.concat([worn(telegram, pick), worn(telegram, pick)])).every(isNumber)).toBe(true)
  })

  it('that are noise, and look like telegrams, say nothing', { timeout: PATIENCE_MS }, () => {
    const pick = random(0x1b1b)
    const likely = [
      0x1b, 0x1b, 0x1b, 0x1b, 0x01, 0x1a, 0x76, 0x63, 0x00, 0x77, 0x07, 0xf1, 0x2f, 0x21, 0x02, 0x03, 0x0a,
    ]
    for (let n = 0; n < FRAMES / 10; n++) {
      const noise = Uint8Array.from({ length: pick(200) }, () => likely[pick(likely.length + 4)] ?? pick(256))
      expect(told('sml', noise)).toEqual([])
      expect(told('text', noise)).toEqual([])
    }
  })
})

describe('registers of any device', () => {
  const tables = [
    ...modelIds().map((id) => ({ id, points: shippedModel(id).points })),
    ...[1, 103, 113, 123, 124, 160, 203, 213, 701, 714, 802].map((id) => ({
      id: `SunSpec ${id}`,
      points: layOut(knownSunSpec(id), knownSunSpec(id).length + 60, () => 2),
    })),
  ]
  const rounds = Math.ceil(FRAMES / tables.length)

  it.each(tables)(
    'of $id give a finite value or a reason, whatever they hold',
    { timeout: PATIENCE_MS },
    ({ points }) => {
      const pick = random(0xcafe)
      const length = lengthOf(points)
      const all = Object.entries(points)
      for (let round = 0; round < rounds; round++) {
        const [name, point] = all[pick(all.length)] ?? ['', undefined]
        if (point === undefined) continue
        const from = Math.max(0, point.at - pick(4))
        const registers = Array.from({ length: Math.min(pick(20), length - from) }, () =>
          pick(4) === 0 ? 0xffff : pick(0x1_0000),
        )
        const blocks: Block[] = [{ at: from, registers, ...(point.kind && { kind: point.kind }) }]
        if (point.as === 'string') expect(typeof decodeText(points, name, blocks).ok).toBe('boolean')
        else {
          const decoded = decodeNumber(points, name, blocks)
          expect(decoded.ok ? Number.isFinite(decoded.value) : decoded.reason.length > 0).toBe(true)
          if (point.bits !== undefined) expect(typeof decodeBits(points, name, blocks).ok).toBe('boolean')
        }
      }
    },
  )
})

describe('a model file of anything', () => {
  it('is read or refused, with what was expected, and nothing else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (raw) => {
        const parsed = parseModel('any', raw)
        if (!parsed.ok) expect(parsed.faults.length).toBeGreaterThan(0)
      }),
      { numRuns: 2_000 },
    )
  })

  it('that is nearly one is refused without a crash', () => {
    const model = { maker: 'M', name: 'N', category: 'grid-meter', sources: ['s'], kind: 'input', unitId: 1 }
    const rest = { maxRegisters: 60, holes: 'rejected', marks: [] }
    const values = fc.oneof(fc.jsonValue(), fc.constantFrom(0, 1, 'u16', 'u32', 'string', 'f32', '0x10', 65_535))
    const fields = [
      'at',
      'as',
      'words',
      'scale',
      'scaleFactor',
      'notAvailable',
      'states',
      'bits',
      'least',
      'most',
      'kind',
    ]
    const point = fc.dictionary(fc.constantFrom(...fields), values, { maxKeys: 5 })
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), point), (points) => {
        expect(typeof parseModel('any', { ...model, ...rest, points }).ok).toBe('boolean')
      }),
      { numRuns: 2_000 },
    )
  })
})

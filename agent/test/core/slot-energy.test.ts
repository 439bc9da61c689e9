import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CounterReading } from '../../src/core/reading.ts'
import {
  emptyTrack,
  type MeteringRules,
  type MeterTrack,
  MISSING_BACKLOG_SLOTS,
  observe,
  overdue,
  type SlotEnergy,
} from '../../src/core/slot-energy.ts'

const RULES: MeteringRules = {
  slotLengthS: 900,
  nearMs: 15_000,
  longestGapMs: 900_000,
  missingAfterMs: 400_000,
  mostImportW: 10_000,
  mostExportW: 10_000,
}

const SLOT_MS = 900_000

function reading(atMs: number, importWh: number, exportWh = 0): CounterReading {
  return { atMs, importWh, exportWh, stepWh: 1 }
}

function run(readings: readonly CounterReading[], start: MeterTrack = emptyTrack(readings[0]?.atMs ?? 0, RULES)) {
  let track = start
  const slots: SlotEnergy[] = []
  for (const one of readings) {
    const seen = observe(track, one, RULES)
    track = seen.track
    slots.push(...seen.slots)
  }
  return { track, slots }
}

const good = { quality: 'good', errorWh: 3 }

describe('observe', () => {
  it.each([
    {
      name: 'readings on the boundaries give the difference of the counters',
      readings: [reading(0, 100), reading(SLOT_MS, 400, 7)],
      slots: [{ slotStart: 0, importWh: 300, exportWh: 7, ...good }],
    },
    {
      name: 'a boundary between two near readings is interpolated, and good',
      readings: [reading(0, 1000), reading(SLOT_MS - 10_000, 1100), reading(SLOT_MS + 10_000, 1110)],
      slots: [{ slotStart: 0, importWh: 105, exportWh: 0, errorWh: 8, quality: 'good' }],
    },
    {
      name: 'a boundary between two far readings is estimated, with the error that the counters allow',
      readings: [reading(0, 1000), reading(SLOT_MS - 100_000, 1100), reading(SLOT_MS + 300_000, 1140)],
      slots: [{ slotStart: 0, importWh: 110, exportWh: 0, errorWh: 33, quality: 'estimated' }],
    },
    {
      name: 'a gap longer than allowed leaves every slot it touches missing',
      readings: [reading(0, 1000), reading(100_000, 1010), reading(2 * SLOT_MS + 200_000, 1500)],
      slots: [
        { slotStart: 0, importWh: 0, exportWh: 0, errorWh: 0, quality: 'missing' },
        { slotStart: 900, importWh: 0, exportWh: 0, errorWh: 0, quality: 'missing' },
      ],
    },
    {
      name: 'after a long gap a reading near the boundary stands for it, off by what the connection carries',
      readings: [reading(0, 1000), reading(2 * SLOT_MS + 9_000, 1500), reading(3 * SLOT_MS, 1600)],
      slots: [
        { slotStart: 0, importWh: 0, exportWh: 0, errorWh: 0, quality: 'missing' },
        { slotStart: 900, importWh: 0, exportWh: 0, errorWh: 0, quality: 'missing' },
        { slotStart: 1800, importWh: 100, exportWh: 0, errorWh: 28, quality: 'good' },
      ],
    },
    {
      name: 'the slot in which metering began is missing unless its start was read',
      readings: [reading(500_000, 5000), reading(SLOT_MS, 5100), reading(2 * SLOT_MS, 5250)],
      slots: [
        { slotStart: 0, importWh: 0, exportWh: 0, errorWh: 0, quality: 'missing' },
        { slotStart: 900, importWh: 150, exportWh: 0, ...good },
      ],
    },
    {
      name: 'a counter that was reset costs its slot, and the next one counts from the new figure',
      readings: [
        reading(0, 90_000),
        reading(300_000, 90_100),
        reading(400_000, 3),
        reading(SLOT_MS, 10),
        reading(2 * SLOT_MS, 60),
      ],
      slots: [
        { slotStart: 0, importWh: 0, exportWh: 0, errorWh: 0, quality: 'missing' },
        { slotStart: 900, importWh: 50, exportWh: 0, ...good },
      ],
    },
    {
      name: 'a single spike is not believed and changes nothing',
      readings: [reading(0, 100), reading(300_000, 9_113_000), reading(600_000, 220), reading(SLOT_MS, 400)],
      slots: [{ slotStart: 0, importWh: 300, exportWh: 0, ...good }],
    },
    {
      name: 'a clock that stands or steps back adds nothing',
      readings: [
        reading(0, 100),
        reading(300_000, 200),
        reading(300_000, 999),
        reading(200_000, 999),
        reading(SLOT_MS, 400),
      ],
      slots: [{ slotStart: 0, importWh: 300, exportWh: 0, ...good }],
    },
    {
      name: 'import and export in one slot are two figures',
      readings: [reading(0, 100, 100), reading(450_000, 200, 100), reading(SLOT_MS, 200, 350)],
      slots: [{ slotStart: 0, importWh: 100, exportWh: 250, ...good }],
    },
  ])('$name', ({ readings, slots }) => {
    expect(run(readings).slots).toEqual(slots)
  })

  it('loses nothing over a restart in mid-slot, from the journalled track alone', () => {
    const before = run([reading(0, 100), reading(300_000, 200)])
    const track = JSON.parse(JSON.stringify(before.track)) as MeterTrack
    expect(run([reading(700_000, 380), reading(SLOT_MS, 400)], track).slots).toEqual([
      { slotStart: 0, importWh: 300, exportWh: 0, ...good },
    ])
  })

  it('does not report more slots after an absence than can still matter', () => {
    const { slots } = run([reading(0, 1), reading(1000 * SLOT_MS, 2)])
    expect(slots).toHaveLength(MISSING_BACKLOG_SLOTS)
    expect(slots.at(-1)?.slotStart).toBe(999 * 900)
  })
})

describe('overdue', () => {
  it('gives up a slot once, and takes it back when a reading near enough still comes', () => {
    const { track } = run([reading(0, 100), reading(800_000, 300)])
    expect(overdue(track, SLOT_MS + 399_999, RULES).slots).toEqual([])
    const late = overdue(track, SLOT_MS + 400_000, RULES)
    expect(late.slots).toMatchObject([{ slotStart: 0, quality: 'missing' }])
    expect(overdue(late.track, SLOT_MS + 500_000, RULES).slots).toEqual([])
    const seen = observe(late.track, reading(800_000 + SLOT_MS, 390), RULES)
    expect(seen.slots).toEqual([{ slotStart: 0, importWh: 210, exportWh: 0, errorWh: 83, quality: 'estimated' }])
  })

  it('does not report a slot again that stays missing', () => {
    const late = overdue(run([reading(0, 100)]).track, SLOT_MS + 400_000, RULES)
    expect(late.slots).toHaveLength(1)
    expect(observe(late.track, reading(SLOT_MS + 500_000, 200), RULES).slots).toEqual([])
  })

  it('reports slots of a meter that was never read', () => {
    expect(overdue(emptyTrack(0, RULES), 3 * SLOT_MS, RULES).slots.map((slot) => slot.slotStart)).toEqual([0, 900])
  })
})

/** Steps of a meter's life: time passed and power in both directions; jittered polls. */
const steps = fc.array(
  fc.record({ ms: fc.integer({ min: 1, max: 1_500_000 }), importW: fc.nat(9_000), exportW: fc.nat(9_000) }),
  { minLength: 2, maxLength: 60 },
)

function readingsOf(parts: readonly { ms: number; importW: number; exportW: number }[]): CounterReading[] {
  let [atMs, importWh, exportWh] = [0, 0.4, 0.7]
  const readings = [reading(atMs, importWh, exportWh)]
  for (const step of parts) {
    atMs += step.ms
    importWh += (step.importW * step.ms) / 3_600_000
    exportWh += (step.exportW * step.ms) / 3_600_000
    readings.push(reading(atMs, importWh, exportWh))
  }
  return readings
}

describe('the slots of any meter that runs forward', () => {
  it('come once each, in order, without holes, whole and never negative', () => {
    fc.assert(
      fc.property(steps, (parts) => {
        const { slots } = run(readingsOf(parts))
        slots.forEach((slot, i) => {
          expect(slot.slotStart).toBe(i * 900)
          for (const figure of [slot.importWh, slot.exportWh, slot.errorWh]) {
            expect(Number.isInteger(figure) && figure >= 0).toBe(true)
          }
        })
      }),
    )
  })

  it('add up to the counters: nothing is lost or invented between consecutive known slots', () => {
    fc.assert(
      fc.property(steps, (parts) => {
        const readings = readingsOf(parts.map((step) => ({ ...step, ms: Math.min(step.ms, 900_000) })))
        const { slots, track } = run(readings)
        const sum = slots.reduce((total, slot) => total + slot.importWh, 0)
        expect(slots.every((slot) => slot.quality !== 'missing')).toBe(true)
        // the first boundary is the first reading; the last one is kept in the track
        expect(sum).toBe((track.start?.importWh ?? Number.NaN) - Math.round(0.4))
      }),
    )
  })

  it('are as near to the truth as their error says, whatever happened between the readings', () => {
    const hidden = fc.array(
      fc.record({
        ms: fc.integer({ min: 1, max: 200_000 }),
        importW: fc.nat(9_000),
        exportW: fc.nat(9_000),
        read: fc.boolean(),
      }),
      { minLength: 2, maxLength: 150 },
    )
    fc.assert(
      fc.property(hidden, (parts) => {
        const all = readingsOf(parts)
        const truth = (atMs: number, of: 'importWh' | 'exportWh') => {
          const after = all.findIndex((one) => one.atMs >= atMs)
          const [a, b] = [all[Math.max(0, after - 1)] as CounterReading, all[after] as CounterReading]
          return a.atMs === b.atMs ? b[of] : a[of] + ((b[of] - a[of]) * (atMs - a.atMs)) / (b.atMs - a.atMs)
        }
        const { slots } = run(all.filter((_, i) => i === 0 || parts[i - 1]?.read))
        for (const slot of slots.filter(({ quality }) => quality !== 'missing')) {
          for (const of of ['importWh', 'exportWh'] as const) {
            const real = truth(slot.slotStart * 1000 + SLOT_MS, of) - truth(slot.slotStart * 1000, of)
            expect(Math.abs(real - slot[of])).toBeLessThanOrEqual(slot.errorWh)
          }
        }
      }),
    )
  })

  it('are the same when the process restarts from its journal at any reading', () => {
    fc.assert(
      fc.property(steps, fc.nat(60), (parts, at) => {
        const readings = readingsOf(parts)
        const first = run(readings.slice(0, at + 1))
        const rest = run(readings.slice(at + 1), JSON.parse(JSON.stringify(first.track)))
        expect([...first.slots, ...rest.slots]).toEqual(run(readings).slots)
      }),
    )
  })
})

describe('the slots of any meter that resets', () => {
  it('are never negative and never above what the connection carries', () => {
    const resetting = fc.array(fc.record({ ms: fc.integer({ min: 1, max: 600_000 }), importWh: fc.nat(20_000) }), {
      minLength: 2,
      maxLength: 60,
    })
    fc.assert(
      fc.property(resetting, (parts) => {
        let atMs = 0
        const readings = parts.map((part) => {
          atMs += part.ms
          return reading(atMs, part.importWh)
        })
        for (const slot of run(readings).slots) {
          expect(slot.importWh).toBeGreaterThanOrEqual(0)
          expect(slot.importWh).toBeLessThanOrEqual(2 * 2_500 + 101 * 61)
        }
      }),
    )
  })
})

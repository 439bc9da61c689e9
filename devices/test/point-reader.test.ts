import { manualClock } from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeNumber } from '../src/core/decode.ts'
import { NETWORK_TIMING } from '../src/core/plan.ts'
import { type DeviceModel, type MissingReason, pointReader, type RegisterReader } from '../src/index.ts'

const AT_MS = 1_763_000_000_000
const never = new AbortController().signal
const good = (value: number) => ({ quality: 'good', value, readMs: AT_MS })
const missing = (reason: MissingReason) => ({ quality: 'missing', reason, readMs: AT_MS })

/** A power whose factor no request of ten registers reaches, and one beside its own. */
const MODEL: DeviceModel = {
  ...{ id: 'far', maker: 'Maker', name: 'Far', category: 'inverter', sources: ['none'], kind: 'holding', unitId: 1 },
  ...{ maxRegisters: 10, holes: 'readable', marks: [] },
  points: {
    power: { at: 0, as: 's16', unit: 'W', scaleFactor: 'powerScale' },
    energy: { at: 4, as: 'u16', unit: 'Wh', scaleFactor: 'energyScale' },
    energyScale: { at: 5, as: 's16' },
    powerScale: { at: 40, as: 's16' },
  },
}

/** A device that shows this power with this scale at its n-th request. */
function deviceThat(shows: (request: number) => { readonly raw: number; readonly scale: number }) {
  const asked: [number, number][] = []
  const reader: RegisterReader = {
    timing: NETWORK_TIMING,
    readRegisters({ at, count }) {
      const { raw, scale } = shows(asked.length)
      asked.push([at, count])
      const registers: Record<number, number> = { 0: raw, 4: 7, 5: 1, 40: scale & 0xffff }
      return Promise.resolve(Array.from({ length: count }, (_, i) => registers[at + i] ?? 0))
    },
  }
  const read = () => pointReader(reader, 1, MODEL, ['power', 'energy'], manualClock(AT_MS)).read(never)
  return { asked, read }
}

describe('a value whose scale factor no request reaches', () => {
  it('is read between two readings of the factor', async () => {
    const { asked, read } = deviceThat(() => ({ raw: 25, scale: 2 }))
    expect(await read()).toEqual({ power: good(2_500), energy: good(70) })
    expect(asked).toEqual([
      [40, 1],
      [0, 6],
      [40, 1],
    ])
  })

  it.each([1, 2])('is read again where the factor changed before request %i', async (at) => {
    const { asked, read } = deviceThat((request) => (request < at ? { raw: 25, scale: 2 } : { raw: 260, scale: 1 }))
    expect((await read()).power).toEqual(good(2_600))
    expect(asked.map(([from]) => from)).toEqual([40, 0, 40, 0, 40])
  })

  it('is missing where the factor never stands still, and what has its own beside it is not', async () => {
    const { asked, read } = deviceThat((request) => (request % 4 < 2 ? { raw: 25, scale: 2 } : { raw: 250, scale: 1 }))
    expect(await read()).toEqual({ power: missing('changing'), energy: good(70) })
    expect(asked.map(([from]) => from)).toEqual([40, 0, 40, 0, 40, 0, 40])
  })

  it('is never a figure that the device did not mean, whenever it changes its scale', async () => {
    // seven scales in turn: none comes again within a look
    const meant = [7, 11, 13, 17, 19, 23, 29].map((raw, i) => ({ raw, scale: i - 3 }))
    const truths = meant.map(({ raw, scale }) => (scale < 0 ? raw / 10 ** -scale : raw * 10 ** scale))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }), async (changes) => {
        const { read } = deviceThat((request) => {
          const state = changes.slice(0, request + 1).filter(Boolean).length % meant.length
          return meant[state] ?? { raw: 0, scale: 0 }
        })
        const { power } = await read()
        if (power.quality === 'missing') expect(power.reason).toBe('changing')
        else expect(truths).toContain(power.value)
        // where it stands still for a look, it is read
        const isStill = [0, 2, 4].some((from) => !changes[from + 1] && !changes[from + 2])
        if (isStill) expect(power.quality).toBe('good')
      }),
    )
  })
})

describe('a value and a scale factor of two answers', () => {
  const value = { at: 0, registers: [25] }
  const factor = { at: 40, registers: [2] }
  it('are not one', () => {
    expect(decodeNumber(MODEL.points, 'power', [value, factor])).toEqual({ ok: false, reason: 'not-read' })
  })
  it('are where nothing changed between them', () => {
    const steady = [value, factor].map((block) => ({ ...block, isSteady: true }))
    expect(decodeNumber(MODEL.points, 'power', steady)).toEqual({ ok: true, value: 2_500 })
    expect(decodeNumber(MODEL.points, 'power', [value, { ...factor, isSteady: true }])).toMatchObject({ ok: false })
  })
})

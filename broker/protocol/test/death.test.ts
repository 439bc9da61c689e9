import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Death, decodeDeath, encodeDeath, type Heard, type Presence, presenceAfter } from '../src/death.ts'
import { decodeStatus, encodeStatus, type Status } from '../src/status.ts'
import { badRows } from './support/bad-fields.ts'

const SAMPLE: Death = { gateway: 'ab'.repeat(32), epoch: 3, session: 17 }
const STATUS: Status = {
  ...SAMPLE,
  lastNotice: 0,
  clockMs: 1,
  clock: 'trusted',
  meter: 'good',
  importW: 0,
  exportW: 0,
  findings: [],
}

const utf8 = (value: unknown) => Buffer.from(JSON.stringify(value), 'utf8')

describe('a death', () => {
  it('comes back whole', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (epoch, session) => {
        const death = { ...SAMPLE, epoch, session }
        expect(decodeDeath(encodeDeath(death))).toEqual(death)
      }),
    )
  })

  it.each(badRows({ ...SAMPLE, gone: true }, { gateway: 'hex32', epoch: 'natural', session: 'natural' }))(
    'is not read with only $field wrong: $value',
    ({ bad }) => expect(decodeDeath(utf8(bad))).toBeUndefined(),
  )

  it('is no status, and a status is no death', () => {
    expect(decodeStatus(encodeDeath(SAMPLE))).toBeUndefined()
    expect(decodeDeath(encodeStatus(STATUS))).toBeUndefined()
    for (const gone of [false, 1, 'true', null]) expect(decodeDeath(utf8({ ...SAMPLE, gone }))).toBeUndefined()
  })
})

describe('a status', () => {
  it('says its session, or none where it is of an older program', () => {
    expect(decodeStatus(encodeStatus(STATUS))).toEqual(STATUS)
    const { session: _, ...older } = STATUS
    expect(decodeStatus(utf8(older))).toEqual(older)
    for (const session of [-1, 1.5, '1', null]) expect(decodeStatus(utf8({ ...STATUS, session }))).toBeUndefined()
  })
})

const after = (all: readonly Heard[]) =>
  all.reduce<Presence | undefined>((known, heard) => presenceAfter(known, heard), undefined)

const anySession = fc.record({ epoch: fc.integer({ min: 1, max: 3 }), session: fc.integer({ min: 1, max: 6 }) })
/** Births and deaths of some sessions, in any order and any number of copies. */
const anyHistory = fc.array(fc.record({ epoch: fc.nat(3), session: fc.nat(6), isGone: fc.boolean() }), { minLength: 1 })

describe('presence', () => {
  it('is that of the highest session heard of, whatever the order and however often', () => {
    fc.assert(
      fc.property(anyHistory, fc.infiniteStream(fc.nat()), (history, random) => {
        const [top] = [...history].sort((a, b) => b.epoch - a.epoch || b.session - a.session)
        const isOfTop = ({ epoch, session }: Heard) => epoch === top?.epoch && session === top?.session
        const isGone = history.some((heard) => isOfTop(heard) && heard.isGone)
        const expected = { epoch: top?.epoch, session: top?.session, isGone }
        const key = new Map([...history, ...history].map((heard) => [heard, random.next().value ?? 0]))
        const shuffled = [...history, ...history].sort((a, b) => (key.get(a) ?? 0) - (key.get(b) ?? 0))
        expect(after(history)).toEqual(expected)
        expect(after(shuffled)).toEqual(expected)
      }),
    )
  })

  it('does not end by a death of a session before the last birth', () => {
    fc.assert(
      fc.property(anySession, anySession, anyHistory, (one, other, before) => {
        const [older, newer] = [one, other].sort((a, b) => a.epoch - b.epoch || a.session - b.session) as [
          typeof one,
          typeof one,
        ]
        fc.pre(older.epoch !== newer.epoch || older.session !== newer.session)
        const born = after([...before, { ...newer, isGone: false }])
        expect(presenceAfter(born, { ...older, isGone: true })).toEqual(born)
      }),
    )
  })

  it('ends by the death of its own session, and begins again with the next', () => {
    const born = after([{ epoch: 1, session: 5, isGone: false }])
    const dead = presenceAfter(born, { epoch: 1, session: 5, isGone: true })
    expect(dead.isGone).toBe(true)
    expect(presenceAfter(dead, { epoch: 1, session: 6, isGone: false }).isGone).toBe(false)
    expect(presenceAfter(dead, { epoch: 2, session: 1, isGone: false }).isGone).toBe(false)
  })

  it('is there whenever an older program says so', () => {
    const dead = after([{ epoch: 1, session: 5, isGone: true }])
    expect(presenceAfter(dead, { epoch: 1, isGone: false })).toEqual({ epoch: 1, session: 5, isGone: false })
    expect(presenceAfter(dead, { epoch: 2, isGone: false })).toEqual({ epoch: 2, session: 0, isGone: false })
    expect(presenceAfter(dead, { epoch: 0, isGone: false })).toEqual(dead)
    expect(after([{ epoch: 0, isGone: false }])).toEqual({ epoch: 0, session: 0, isGone: false })
  })
})

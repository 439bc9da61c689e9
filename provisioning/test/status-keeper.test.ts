import { encodeDeath, encodeStatus, type Presence, presenceAfter } from '@wattfleet/protocol'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { statusKeeper } from '../src/status-keeper.ts'
import { AT_MS, gatewayKeys, type TestOffice, testOffice } from './fixtures/office.ts'

let office: TestOffice
let name: string
let us: { gateway: string; epoch: number }
beforeEach(async () => {
  office = await testOffice(1)
  const keys = await gatewayKeys('pi-1')
  const { body } = await office.post(await keys.request(office.claim().claim))
  name = body.gateway
  us = { gateway: keys.signingKey, epoch: body.epoch }
})
afterEach(() => office.close())

const birth = (session: number) =>
  encodeStatus({
    ...{ ...us, session, lastNotice: 0, clockMs: AT_MS, clock: 'trusted', meter: 'good', importW: 0, exportW: 0 },
    findings: [],
  })

describe('whether a gateway is there', () => {
  it('is told by the highest session, in whatever order births and deaths are heard and kept', () => {
    const word = fc.record({ session: fc.integer({ min: 1, max: 5 }), isGone: fc.boolean(), isFlushed: fc.boolean() })
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), (words) => {
        office.store.statuses.put([])
        const keeper = statusKeeper(office.store, { nowMs: () => AT_MS }, () => AT_MS)
        // a first word, so that there is a row; higher than all before
        keeper.heard(name, birth(0))
        keeper.flush()
        office.store.statuses.put([{ ...rowNow(), session: 0, isAway: false }])
        let expected: Presence | undefined = { epoch: us.epoch, session: 0, isGone: false }
        for (const { session, isGone, isFlushed } of words) {
          keeper.heard(name, isGone ? encodeDeath({ ...us, session }) : birth(session))
          expected = presenceAfter(expected, { epoch: us.epoch, session, isGone })
          if (isFlushed) keeper.flush()
        }
        keeper.flush()
        expect(rowNow()).toMatchObject({ isAway: expected?.isGone, session: expected?.session })
      }),
      { numRuns: 60 },
    )
  })

  it('is not told by the death of another key or epoch, nor by one before anything was heard', () => {
    const keeper = statusKeeper(office.store, { nowMs: () => AT_MS }, () => AT_MS)
    keeper.heard(name, encodeDeath({ ...us, session: 4 }))
    keeper.flush()
    expect(office.store.statuses.of(name)).toBeUndefined()
    keeper.heard(name, birth(3))
    keeper.flush()
    keeper.heard(name, encodeDeath({ gateway: 'ee'.repeat(32), epoch: us.epoch, session: 3 }))
    keeper.heard(name, encodeDeath({ ...us, epoch: us.epoch + 1, session: 3 }))
    keeper.flush()
    expect(rowNow()).toMatchObject({ isAway: false, session: 3 })
    keeper.heard(name, encodeDeath({ ...us, session: 3 }))
    keeper.flush()
    expect(rowNow().isAway).toBe(true)
  })
})

function rowNow() {
  return office.store.statuses.of(name) ?? expect.fail('nothing was kept')
}

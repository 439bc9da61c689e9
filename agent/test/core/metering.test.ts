import { HOUSE_CONNECTION_W } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { absorb, type Metering, meteringRules, type Sample } from '../../src/core/metering.ts'
import { emptyTrack } from '../../src/core/slot-energy.ts'
import { grant, RULES } from '../support/fixtures.ts'

const METERING = meteringRules(grant())

function begin(): Metering {
  return { track: emptyTrack(0, METERING), recent: [], power: undefined }
}

function sample(atMs: number, importWh: number, overrides: Partial<Sample> = {}): Sample {
  return { atMs, importWh, exportWh: 0, stepWh: 1, importW: 400, exportW: 0, ...overrides }
}

describe('meteringRules', () => {
  it('gives a slot up before its energies are expected, whatever the community shortened', () => {
    expect(METERING.missingAfterMs).toBe(400_000)
    const short = meteringRules(grant({ rules: { ...RULES, energiesAfterS: 120 } }))
    expect(short.missingAfterMs).toBe(80_000)
  })

  it('bounds a site without a nameplate by what a house connection carries', () => {
    expect(meteringRules(grant({ capExportWh: 0 })).mostExportW).toBe(HOUSE_CONNECTION_W)
    expect(METERING.mostImportW).toBe(32_000)
  })
})

describe('absorb', () => {
  it('turns silence into missing, never into zero', () => {
    const first = absorb(begin(), sample(0, 1_000), 0, METERING).metering
    const silent = absorb(first, undefined, 60_000, METERING)
    expect(silent.metering.power).toBeUndefined()
    expect(silent.slots).toEqual([])
    const late = absorb(silent.metering, undefined, 1_300_000, METERING)
    expect(late.slots).toMatchObject([{ slotStart: 0, quality: 'missing' }])
  })

  it('does not forecast on a reading that is not believed, and starts over when it is confirmed', () => {
    const first = absorb(begin(), sample(0, 90_000), 0, METERING).metering
    const held = absorb(first, sample(30_000, 10), 30_000, METERING).metering
    expect(held).toMatchObject({ power: undefined, track: { last: { importWh: 90_000 } } })
    const anew = absorb(held, sample(60_000, 14), 60_000, METERING).metering
    expect(anew.recent.map((reading) => reading.importWh)).toEqual([14])
    expect(anew.power).toEqual({ importW: 400, exportW: 0 })
  })
})

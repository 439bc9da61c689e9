import { type CommunityRules, type EnrolmentGrant, HOUSE_CONNECTION_W, slotTimes } from '@wattfleet/protocol'
import { remember } from './forecast.ts'
import type { CounterReading, GridPower } from './reading.ts'
import { type MeteringRules, type MeterTrack, observe, overdue, type SlotEnergy } from './slot-energy.ts'

/** What the gateway knows of its meter. Only the track has to survive a restart. */
export interface Metering {
  readonly track: MeterTrack
  readonly recent: readonly CounterReading[]
  /** Of the last reading; undefined while the meter cannot be read. */
  readonly power: GridPower | undefined
}

/** A reading of both counters and the power. */
export interface Sample extends GridPower {
  readonly atMs: number
  readonly importWh: number
  readonly exportWh: number
  readonly stepWh: number
}

/** Above the nameplate by this factor a rise is no longer believed; below it clocks and meters may jitter. */
const NAMEPLATE_FACTOR = 2
/** A reading this near a boundary makes it good: at 10 kW the counter moves 42 Wh in this time, and errorWh says so. */
const NEAR_MS = 15_000

/** The metering rules that follow from a gateway's grant. */
export function meteringRules({ rules, capImportWh, capExportWh }: EnrolmentGrant): MeteringRules {
  const perHour = 3600 / rules.slotLengthS
  const most = (capWh: number) => (capWh > 0 ? capWh * perHour * NAMEPLATE_FACTOR : HOUSE_CONNECTION_W)
  return {
    slotLengthS: rules.slotLengthS,
    nearMs: NEAR_MS,
    longestGapMs: rules.slotLengthS * 1000,
    missingAfterMs: missingAfterMs(rules),
    mostImportW: most(capImportWh),
    mostExportW: most(capExportWh),
  }
}

/** Early enough that the message is there when energies are expected: at two thirds of the time until then. */
function missingAfterMs(rules: CommunityRules): number {
  const { endsAt, energiesExpectedAt } = slotTimes(0, rules)
  return Math.floor(((energiesExpectedAt - endsAt) * 1000 * 2) / 3)
}

/** Takes in what the meter said, or that it said nothing, and yields the slots that are now known or given up. */
export function absorb(
  metering: Metering,
  sample: Sample | undefined,
  nowMs: number,
  rules: MeteringRules,
): { metering: Metering; slots: readonly SlotEnergy[] } {
  if (sample === undefined) {
    const { track, slots } = overdue(metering.track, nowMs, rules)
    return { metering: { ...metering, track, power: undefined }, slots }
  }
  const { atMs, importWh, exportWh, stepWh } = sample
  const reading = { atMs, importWh, exportWh, stepWh }
  const seen = observe(metering.track, reading, rules)
  const late = overdue(seen.track, nowMs, rules)
  const slots = [...seen.slots, ...late.slots]
  if (seen.verdict === 'stale') return { metering: { ...metering, track: late.track }, slots }
  // a reading that is not believed supports no forecast either
  if (seen.verdict === 'held') return { metering: { ...metering, track: late.track, power: undefined }, slots }
  const recent = remember(seen.verdict === 'restarted' ? [] : metering.recent, reading)
  const power = { importW: sample.importW, exportW: sample.exportW }
  return { metering: { track: late.track, recent, power }, slots }
}

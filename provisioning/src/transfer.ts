import { randomBytes } from 'node:crypto'
import { Fault, gatewayIdFrom, INVERTER_MODELS, METER_MODELS, toHex } from '@wattfleet/protocol'
import { z } from 'zod'
import { DEVICE_ADDRESS_FORM } from './core/device-address.ts'
import { addressMistake, modelMistake } from './core/devices.ts'
import { FORMULA, HOUSEHOLD_LENGTH, UNITS } from './core/manifest-row.ts'
import { gatewayOf } from './fleet.ts'
import type { Deed, SiteRecord, Store } from './ports.ts'

const hex = (digits: number) =>
  z
    .string(`expected ${digits} hex digits`)
    .regex(new RegExp(`^[0-9a-fA-F]{${digits}}$`), `expected ${digits} hex digits`)
    .toLowerCase()
const natural = (min: number) => z.coerce.number().int().min(min).max(0xffff_ffff)

const model = (device: 'meter' | 'inverter', known: readonly string[]) =>
  z
    .string()
    .refine((id) => known.includes(id), { error: ({ input }) => modelMistake(device, String(input)) })
    .meta({ enum: [...known] })
const address = z.string().meta({ description: DEVICE_ADDRESS_FORM })
const unit = z.coerce.number().int().min(UNITS.least).max(UNITS.most)

const DEVICE_GROUPS = [
  ['meter', 'meterAddress', 'meterUnit'],
  ['inverter', 'inverterAddress', 'inverterUnit'],
] as const

/** Where a device is says nothing without what it is, and has to be a place where such a one can be. */
export function devicesAreWhole(home: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  for (const [kind, ...others] of DEVICE_GROUPS) {
    for (const field of others) {
      if (home[kind] !== undefined || home[field] === undefined) continue
      context.addIssue({ code: 'custom', path: [field], message: `expected ${kind}, its model, beside it` })
    }
    const [model, at] = [home[kind], home[others[0]]]
    const message =
      typeof at === 'string' ? addressMistake(at, typeof model === 'string' ? model : undefined) : undefined
    if (message !== undefined) context.addIssue({ code: 'custom', path: [others[0]], message })
  }
}

/** What `devicesAreWhole` asks for, in the words of a JSON Schema. */
export const DEVICES_DEPEND = {
  dependentRequired: Object.fromEntries(
    DEVICE_GROUPS.flatMap(([kind, ...others]) => others.map((field) => [field, [kind]])),
  ),
}

/**
 * Where a gateway goes, as the manifest's columns name it. What is not said is as it was, but the site, which is drawn, and
 * the devices: those of the former household stay there.
 */
export const newHome = z
  .strictObject({
    household: z
      .string('expected the new household')
      .min(1)
      .max(HOUSEHOLD_LENGTH)
      .refine((text) => !FORMULA.test(text), 'is a formula to a spreadsheet'),
    member: hex(64),
    site: hex(32).optional(),
    zone: natural(0).optional(),
    capImportWh: natural(1).optional(),
    capExportWh: natural(0).optional(),
    meter: model('meter', METER_MODELS).optional(),
    meterAddress: address.optional(),
    meterUnit: unit.optional(),
    inverter: model('inverter', INVERTER_MODELS).optional(),
    inverterAddress: address.optional(),
    inverterUnit: unit.optional(),
  })
  .superRefine(devicesAreWhole)
export type NewHome = z.infer<typeof newHome>

/**
 * Takes a gateway from its household to another. Its site is retired with all that was of it: readings, trades and story
 * stay with the site's pseudonym and member, its certificates are dead, its key goes off the chain. The serial begins anew on
 * another site, under another name on the wire (what the broker kept for the former one must not reach the next), in the
 * state `expected`: the next claim that is issued is for it. Throws Fault `enrolment`.
 */
export function transfer(store: Store, name: string, home: NewHome, deed: Deed): { from: SiteRecord; to: SiteRecord } {
  const record = gatewayOf(store, name)
  const { household, member, site = toHex(randomBytes(16)) } = home
  const other = store.sites().find((one) => one.household === household && one.state !== 'retired')
  if (other !== undefined) {
    const text = other.site === record.site ? 'is in this household' : `goes to a household that has ${other.serial}`
    throw new Fault('enrolment', `${record.serial}: transfer: it ${text} already`)
  }
  if (store.site(site) !== undefined) {
    throw new Fault('enrolment', `${record.serial}: transfer: the site ${site} is, or was, another household’s`)
  }
  const { zone = record.zone, capImportWh = record.capImportWh, capExportWh = record.capExportWh } = home
  const gateway = gatewayIdFrom(randomBytes(16))
  const { meter, meterAddress, meterUnit, inverter, inverterAddress, inverterUnit } = home
  const devices = { meter, meterAddress, meterUnit, inverter, inverterAddress, inverterUnit }
  const step = store.transfer(
    record.site,
    { ...record, site, household, member, zone, capImportWh, capExportWh, gateway, ...devices },
    deed,
  )
  if (!step.ok) throw new Fault('enrolment', `${record.serial}: ${step.reason}`)
  return { from: gatewayOf(store, record.site), to: gatewayOf(store, site) }
}

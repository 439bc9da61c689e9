import { SERIAL, SERIAL_FORM } from '@wattfleet/protocol'
import { addressMistake, modelMistake } from './devices.ts'
import type { ManifestLine, ManifestRow } from './manifest.ts'
import type { Column, Header } from './manifest-columns.ts'

const U32 = 2 ** 32 - 1
/** Modbus over serial line 1.02, 2.2: 0 is a broadcast, and what is above is reserved. */
export const UNITS = { least: 1, most: 247 } as const
export const HOUSEHOLD_LENGTH = 100
/** What a spreadsheet would run when it opens the list again (OWASP, CSV Injection). */
export const FORMULA = /^[=+\-@\t\r]/
/** A number that a spreadsheet took for one and shortened: the digits are lost. */
const SHORTENED = /^[0-9][.,]?[0-9]*E\+?[0-9]+$/i
/** What no name holds: it is invisible in every list, so two names that differ by it look the same. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/**
 * A row's values, every reason why it cannot be taken, and the columns whose values are wrong. What the header lacks is its
 * mistake and not the row's. `community` is the one that this utility's service enrols into.
 */
export function readRow(
  { line, fields }: ManifestLine,
  { columns, width, isYaml }: Header,
  community: number,
): { readonly row: ManifestRow; readonly reasons: readonly string[]; readonly wrong: ReadonlySet<Column> } {
  const reasons: string[] = []
  const wrong = new Set<Column>()
  if (fields.length !== width) reasons.push(`expected ${width} fields, got ${fields.length}`)
  const raw = (column: Column) => fields[columns.get(column) ?? -1] ?? ''
  const text = (column: Column) => raw(column).trim()
  const mistake = (column: Column, reason: string) => {
    if (!columns.has(column)) return
    wrong.add(column)
    reasons.push(`${column}: ${reason}`)
  }
  const refuse = (column: Column, expected: string) => {
    const got = column === 'claim' ? '' : `, got ${JSON.stringify(text(column))}` // a secret is shown to nobody
    const isShortened = !isYaml && SHORTENED.test(text(column))
    mistake(column, `${expected}${got}${isShortened ? ': a spreadsheet took it for a number and shortened it' : ''}`)
  }
  const plain = (column: Column) => {
    if (FORMULA.test(raw(column)) || FORMULA.test(text(column))) {
      mistake(column, `${JSON.stringify(raw(column))} is a formula to a spreadsheet`)
    }
    if (INVISIBLE.test(text(column))) refuse(column, 'expected no invisible characters')
    return text(column)
  }
  const hex = (column: Column, digits: number) => {
    const value = text(column).toLowerCase()
    if (value.length !== digits || !/^[0-9a-f]*$/.test(value)) refuse(column, `expected ${digits} hex digits`)
    return value
  }
  const natural = (column: Column, min: number, max = U32) => {
    const value = /^[0-9]{1,10}$/.test(text(column)) ? Number(text(column)) : Number.NaN
    if (!(value >= min && value <= max)) refuse(column, `expected a whole number from ${min} to ${max}`)
    return value
  }
  /** What a device is and where. Where is of no use, and a mistake, where it is not said what is there. */
  const placed = (device: 'meter' | 'inverter') => {
    const columns = { address: `${device}Address`, unit: `${device}Unit` } as const
    const model = text(device) || undefined
    const address = text(columns.address) || undefined
    for (const column of [columns.address, columns.unit]) {
      if (model === undefined && text(column) !== '') refuse(column, `expected ${device}, its model, beside it`)
    }
    if (model === undefined) return { [device]: undefined }
    const wrongModel = modelMistake(device, model)
    if (wrongModel !== undefined) mistake(device, wrongModel)
    const wrongAddress = address && addressMistake(address, model)
    if (wrongAddress) refuse(columns.address, wrongAddress)
    return {
      [device]: model,
      [columns.address]: address,
      [columns.unit]: text(columns.unit) === '' ? undefined : natural(columns.unit, UNITS.least, UNITS.most),
    }
  }
  const serial = text('serial')
  if (!SERIAL.test(serial)) refuse('serial', SERIAL_FORM)
  const household = plain('household')
  if (household === '' || household.length > HOUSEHOLD_LENGTH) {
    mistake('household', `expected 1 to ${HOUSEHOLD_LENGTH} characters`)
  }
  if (text('community') !== '' && text('community') !== String(community)) {
    refuse('community', `expected ${community}, which this utility's service enrols into`)
  }
  const row: ManifestRow = {
    ...{ line, serial, household },
    site: text('site') === '' ? undefined : hex('site', 32),
    member: hex('member', 64),
    zone: natural('zone', 0),
    capImportWh: natural('capImportWh', 1),
    capExportWh: natural('capExportWh', 0),
    ...placed('meter'),
    ...placed('inverter'),
    claim: text('claim') === '' ? undefined : hex('claim', 64),
  }
  return { row, reasons, wrong }
}

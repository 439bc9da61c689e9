import { makerOf, meantBy } from './makers.ts'
import { bodiesIn, bytesIn, type Field, listIn, numberIn } from './sml.ts'
import type { Check } from './sml-transport.ts'

/** One value of a list that a meter pushes (SML_ListEntry). */
export interface Entry {
  /** OBIS code A-B:C.D.E, such as `1-0:1.8.0`. */
  readonly obis: string
  /** What the meter says of itself with this value: bits of its maker. */
  readonly status: bigint | undefined
  /** Code of IEC 62056-62, table of units: 27 W, 30 Wh. */
  readonly unit: number | undefined
  /** In the unit, its scaler applied. */
  readonly value: number | undefined
  /** Digits behind the decimal point: 10 to the power of the scaler is the value's step. */
  readonly scaler: number
  /** Of values that are bytes, such as a serial number. */
  readonly bytes: Uint8Array | undefined
}

const GET_LIST_RESPONSE = 0x0701n
/** No meter scales by more: a power of ten that a double holds. */
const MOST_SCALER = 20

function entryOf(value: Field, serverId: Uint8Array | undefined): Entry | undefined {
  const fields = listIn(value)
  if (fields?.length !== 7) return undefined
  const [name, status, , unit, scaler, figure] = fields
  if (!(name instanceof Uint8Array) || name.length !== 6) return undefined
  const [a, b, c, d, e] = name
  const obis = `${a}-${b}:${c}.${d}.${e}`
  const power = Number(numberIn(scaler)?.value ?? 0)
  const number = numberIn(figure)
  const counts =
    number === undefined || Math.abs(power) > MOST_SCALER ? undefined : Number(meantBy(number, obis, serverId))
  const code = numberIn(unit)?.value
  return {
    obis,
    status: numberIn(status)?.value,
    unit: code === undefined ? undefined : Number(code),
    // dividing by a whole power is exact where multiplying by its inverse is not
    value: counts === undefined ? undefined : power < 0 ? counts / 10 ** -power : counts * 10 ** power,
    scaler: power,
    bytes: bytesIn(figure),
  }
}

/**
 * The values of all lists in a telegram's content; undefined where it is no SML, or not intact. A check by CRC-16/KERMIT
 * counts for the maker whose meters are known to send it, and for nobody else.
 */
export function entriesIn(content: Uint8Array, check: Check): readonly Entry[] | undefined {
  const lists = bodiesIn(content, check)?.flatMap(listOf)
  const isKnown = check === 'x25' || lists?.every(({ serverId }) => makerOf(serverId) === 'HLY')
  if (!isKnown) return undefined
  return lists?.flatMap(({ serverId, values }) => values.flatMap((value) => entryOf(value, serverId) ?? []))
}

/** The list of a message's body; none where the body is of another kind (SML_PublicOpen, SML_PublicClose). */
function listOf(body: Field): { readonly serverId: Uint8Array | undefined; readonly values: readonly Field[] }[] {
  const [tag, response] = listIn(body) ?? []
  if (numberIn(tag)?.value !== GET_LIST_RESPONSE) return []
  const list = listIn(response)
  return [{ serverId: bytesIn(list?.[1]), values: listIn(list?.[4]) ?? [] }]
}

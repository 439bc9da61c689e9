import type { SmlNumber } from './sml.ts'

/*
 * A meter's identification (DIN 43863-5), as its server id gives it:
 *   0a | medium 1: 01 electricity | maker, three letters (FLAG) | block 1 | number 4
 */
const ID_BYTES = 10
const HEAD = [0x0a, 0x01] as const

/** The letters of the maker, such as `DZG` or `HLY`; undefined where the id has another form. */
export function makerOf(id: Uint8Array | undefined): string | undefined {
  if (id?.length !== ID_BYTES || HEAD.some((byte, i) => id[i] !== byte)) return undefined
  return String.fromCharCode(...id.subarray(2, 5))
}

/** The block and the number behind the maker, as DZG prints it on the meter in ten decimal digits. */
function numberOf(id: Uint8Array): number {
  return id.subarray(5).reduce((sum, byte) => sum * 256 + byte, 0)
}

/**
 * DVS74 of DZG before firmware 1.2: a power of two bytes that is above 327.67 W, or of one byte above 1.27 W, is positive
 * and marked as signed, so that it seems to be fed in. A negative power always has four bytes. DZG named the numbers of
 * these meters (volkszaehler/libsml pull request 136, issues 59 and 105); 36.7.0 has the same fault (issue 125). Other DZG
 * meters send negative powers in two bytes and mean it (issues 132 and 162): the rule must not be any wider.
 */
const DZG_NUMBERS = [
  [42_000_000, 48_999_999],
  [55_000_000, 58_999_999],
] as const
const DZG_POWERS: readonly string[] = ['1-0:16.7.0', '1-0:36.7.0']
const DZG_MOST_OCTETS = 2

/** What a meter means by a number, where its maker is known to have the type wrong. */
export function meantBy({ value, isSigned, octets }: SmlNumber, obis: string, id: Uint8Array | undefined): bigint {
  if (id === undefined || !isSigned || octets > DZG_MOST_OCTETS) return value
  if (makerOf(id) !== 'DZG' || !DZG_POWERS.includes(obis)) return value
  const number = numberOf(id)
  const isAffected = DZG_NUMBERS.some(([first, last]) => number >= first && number <= last)
  return isAffected ? BigInt.asUintN(8 * octets, value) : value
}

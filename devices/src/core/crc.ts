/** What a cyclic redundancy check makes of a byte, for a polynomial whose bits are reversed: the low bit goes first on a line. */
export function crcTable(polynomial: number): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ polynomial : crc >> 1
    return crc
  })
}

/** The check of these bytes, from an initial value. */
export function crcOf(bytes: Uint8Array, table: Uint16Array, initial: number): number {
  let crc = initial
  for (const byte of bytes) crc = (crc >> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0)
  return crc
}

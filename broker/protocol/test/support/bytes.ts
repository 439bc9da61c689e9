/** The bytes of a hex text; blanks between its parts are for the reader. */
export function unhex(...parts: readonly string[]): Uint8Array {
  const text = parts.join('').replaceAll(' ', '')
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) throw new Error(`not hex: ${text}`)
  return Uint8Array.from(Buffer.from(text, 'hex'))
}

/** `count` bytes: first, first + 1, … */
export function run(first: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (first + i) & 0xff)
}

export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}

export function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = value
  return copy
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

/**
 * The part of SCALE that the signed messages need: little-endian fixed-width integers, fixed byte arrays, options, and the
 * compact integers that lists begin with.
 * Source: Polkadot SDK, parity-scale-codec. Integers out of range throw on writing, so a wrong figure is never signed.
 */
export class ScaleWriter {
  #chunks: Uint8Array[] = []

  bytes(value: Uint8Array, length: number): this {
    if (value.length !== length) throw new RangeError(`expected ${length} bytes, got ${value.length}`)
    this.#chunks.push(Uint8Array.from(value))
    return this
  }

  u8(value: number): this {
    return this.#uint(value, 1)
  }

  u32(value: number): this {
    return this.#uint(value, 4)
  }

  u64(value: number | bigint): this {
    // a number past the safe integers has been rounded already: nobody knows which figure was meant
    if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new RangeError(`${value} is no safe integer`)
    const wide = BigInt(value)
    if (wide < 0n || wide > 0xffff_ffff_ffff_ffffn) throw new RangeError(`${value} does not fit u64`)
    const out = Buffer.alloc(8)
    out.writeBigUInt64LE(wide)
    this.#chunks.push(out)
    return this
  }

  option<T>(value: T | undefined, write: (value: T) => void): this {
    this.u8(value === undefined ? 0 : 1)
    if (value !== undefined) write(value)
    return this
  }

  /** The length of a list, in as few bytes as it takes; up to 2^30 - 1. */
  compact(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 30)
      throw new RangeError(`${value} is no length of a list`)
    const mode = compactMode(value)
    return this.#uint(value * 4 + mode, COMPACT_WIDTHS[mode])
  }

  done(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.#chunks))
  }

  #uint(value: number, width: 1 | 2 | 4): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width)) {
      throw new RangeError(`${value} does not fit u${8 * width}`)
    }
    const out = Buffer.alloc(width)
    out.writeUIntLE(value, 0, width)
    this.#chunks.push(out)
    return this
  }
}

/** Bytes of a compact integer, by the two low bits of its first. */
const COMPACT_WIDTHS = [1, 2, 4] as const

function compactMode(value: number): 0 | 1 | 2 {
  if (value < 2 ** 6) return 0
  return value < 2 ** 14 ? 1 : 2
}

/** Reads what ScaleWriter wrote. Throws RangeError when the bytes end early, are too many, or an option's tag is wrong. */
export class ScaleReader {
  #view: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from(this.#take(length))
  }

  u8(): number {
    return this.#take(1).readUInt8()
  }

  u32(): number {
    return this.#take(4).readUInt32LE()
  }

  /** A u64 that must be a safe integer (times, counters). */
  u64(): number {
    const wide = this.#take(8).readBigUInt64LE()
    if (wide > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${wide} is beyond the safe integers`)
    return Number(wide)
  }

  option<T>(read: () => T): T | undefined {
    const tag = this.u8()
    if (tag > 1) throw new RangeError(`option tag ${tag}`)
    return tag === 1 ? read() : undefined
  }

  /** The length of a list. */
  compact(): number {
    const mode = (this.#view[this.#at] ?? 0) & 3
    const width = COMPACT_WIDTHS[mode]
    if (width === undefined) throw new RangeError('a list of more than 2^30 items')
    const value = this.#take(width).readUIntLE(0, width) >>> 2
    if (compactMode(value) !== mode) throw new RangeError(`${value} in more bytes than it takes`)
    return value
  }

  end(): void {
    if (this.#at !== this.#view.length) throw new RangeError(`${this.#view.length - this.#at} bytes too many`)
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#view.length) throw new RangeError('the bytes end early')
    const part = this.#view.subarray(this.#at, this.#at + length)
    this.#at += length
    return part
  }
}

/** The value a reader yields, or undefined where the bytes do not follow the layout to the last byte. */
export function decodeExactly<T>(bytes: Uint8Array, read: (reader: ScaleReader) => T | undefined): T | undefined {
  try {
    const reader = new ScaleReader(bytes)
    const value = read(reader)
    if (value !== undefined) reader.end()
    return value
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/**
 * Randomness as a function of seed and place: the same house in the same minute always draws the same, in whatever order
 * it is asked. The mixing is MurmurHash3's finalizer (Austin Appleby, public domain).
 */
function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** 32 bits drawn from these integers; each may be as large as a safe integer. */
export function draw(...from: readonly number[]): number {
  let h = 0x9e37_79b9
  for (const value of from) {
    h = mix(h ^ (value >>> 0))
    h = mix((h + Math.floor(value / 0x1_0000_0000)) >>> 0)
  }
  return h
}

/** Above 0 and below 1. */
export function uniform(...from: readonly number[]): number {
  return (draw(...from) + 0.5) / 0x1_0000_0000
}

/** Standard normal, cut at ±3 (Box and Muller 1958). */
export function normal(...from: readonly number[]): number {
  const radius = Math.sqrt(-2 * Math.log(uniform(...from, 1)))
  return Math.max(-3, Math.min(3, radius * Math.cos(2 * Math.PI * uniform(...from, 2))))
}

/** A number that stands for a name in a draw. */
export function seedOf(name: string): number {
  let h = 0
  for (let i = 0; i < name.length; i++) h = mix(h ^ name.charCodeAt(i))
  return h
}

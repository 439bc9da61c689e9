/** A xorshift generator (Marsaglia 2003): a hundred thousand frames are quick, and the same each time. */
export function random(seed: number) {
  let state = seed
  return (below: number) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Typing slips that still mean one word: more of them could mean another one. */
const MOST_SLIPS = 2

/** Which of the words was meant by one that is none of them; undefined where nobody could say. Case and signs do not count. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const bare = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  const typed = bare(word)
  const [best] = known
    .map((one) => ({ one, slips: slips(typed, bare(one)) }))
    .filter(({ slips }) => slips <= MOST_SLIPS && slips < typed.length)
    .sort((a, b) => a.slips - b.slips)
  return best?.one
}

/** Letters to add, leave out or replace until one text is the other (Levenshtein). */
function slips(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > MOST_SLIPS) return Number.POSITIVE_INFINITY
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}

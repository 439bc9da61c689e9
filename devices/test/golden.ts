import { readFileSync } from 'node:fs'

/** An image of registers as they go over the wire, and what they mean, worked out without the decoder. */
export interface Golden {
  readonly by: string
  /** Hex by address; with `input:` or `holding:` where the point is not of the model's kind. */
  readonly registers: Readonly<Record<string, string>>
  /** In the points' units; null: not available. */
  readonly values: Readonly<Record<string, number | string | null>>
}

/** One for each model, under its id. */
export const GOLDEN = new URL('./models/', import.meta.url)

export const goldenOf = (id: string): Golden => JSON.parse(readFileSync(new URL(`${id}.json`, GOLDEN), 'utf8'))

import type { WriteStream } from 'node:tty'

/** Where the street shows itself: steps that stay, and below them a part that is drawn again and again. */
export interface Terminal {
  /** A line that stays. */
  line(text: string): void
  /** Replaces the live part; does nothing where output is not a terminal. */
  draw(lines: readonly string[]): void
  readonly isLive: boolean
  readonly width: number
}

/** What stdout is, as far as it matters here. */
export type Output = Pick<WriteStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number }

/** Narrow terminals cut lines; this is what is assumed where the width is not known. */
const DEFAULT_WIDTH = 120
const CLEAR_BELOW = '\x1b[0J'

export function createTerminal(output: Output): Terminal {
  const isLive = output.isTTY === true
  let drawn = 0
  const erase = () => {
    if (drawn > 0) output.write(`\x1b[${drawn}A\r${CLEAR_BELOW}`)
    drawn = 0
  }
  return {
    isLive,
    get width() {
      return output.columns ?? DEFAULT_WIDTH
    },
    line(text) {
      erase()
      output.write(`${text}\n`)
    },
    draw(lines) {
      if (!isLive) return
      erase()
      for (const line of lines) output.write(`${line}\n`)
      drawn = lines.length
    },
  }
}

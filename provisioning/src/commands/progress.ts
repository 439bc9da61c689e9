/** Where there is no terminal, a line every so often: a log of a long import stays short. */
const LINE_EVERY_MS = 2_000

/**
 * Shows on standard error how far something is: on a terminal one line that is written anew, elsewhere a line now and then.
 * `nowMs`: any clock that only goes forward.
 */
export function progressOn(
  stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>,
  what: string,
  nowMs: () => number,
): (done: number, total: number) => void {
  let saidMs = nowMs()
  return (done, total) => {
    if (total === 0) return
    const text = `${what}: ${done} of ${total}`
    if (stream.isTTY) {
      stream.write(`\r${text}\x1b[K${done === total ? '\n' : ''}`)
    } else if (nowMs() - saidMs >= LINE_EVERY_MS) {
      saidMs = nowMs()
      stream.write(`${text}\n`)
    }
  }
}

import type Database from 'better-sqlite3'

/** Bodies that share a commit: more would hold up whoever comes next. */
const MOST = 64

/**
 * One commit for all that is asked for in one turn of the event loop: with `synchronous = FULL` the disk's answer is what takes
 * the time. Each body has a savepoint of its own.
 */
export function groupCommit(db: Database.Database, write: (body: () => void) => void) {
  let waiting: { run(): () => void; fail(error: unknown): void }[] = []

  function commit(): void {
    const group = waiting.slice(0, MOST)
    waiting = waiting.slice(MOST)
    if (waiting.length > 0) setImmediate(commit)
    let tell: (() => void)[] = []
    try {
      write(() => {
        tell = group.map(({ run }) => run())
      })
    } catch (error) {
      // nothing of any of them happened
      tell = group.map(
        ({ fail }) =>
          () =>
            fail(error),
      )
    }
    for (const one of tell) one()
  }

  return <T>(body: () => T): Promise<T> =>
    new Promise((resolve, fail) => {
      if (waiting.length === 0) setImmediate(commit)
      waiting.push({
        fail,
        run() {
          try {
            const result = db.transaction(body)()
            return () => resolve(result)
          } catch (error) {
            return () => fail(error)
          }
        },
      })
    })
}

import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { groupCommit } from '../src/adapters/group-commit.ts'

let db: Database.Database
let commits = 0
beforeEach(() => {
  commits = 0
  db = new Database(':memory:')
  db.exec('CREATE TABLE rows (n INTEGER PRIMARY KEY)')
})
afterEach(() => db.close())

const add = (n: number) => () => {
  db.prepare('INSERT INTO rows (n) VALUES (?)').run(n)
  return n
}
const rows = () => db.prepare('SELECT n FROM rows ORDER BY n').pluck().all()
const together = () =>
  groupCommit(db, (body) => {
    commits++
    db.transaction(body).immediate()
  })

describe('writes that share a commit', () => {
  it('are one for all that are asked for in one turn, in their order, each with its answer', async () => {
    const write = together()
    const order: number[] = []
    const asked = [1, 2, 3].map((n) => write(add(n)).then((done) => void order.push(done)))
    expect(rows()).toEqual([])
    await Promise.all(asked)
    expect([rows(), order, commits]).toEqual([[1, 2, 3], [1, 2, 3], 1])
    await write(add(4))
    expect(commits).toBe(2)
  })

  it('do not fail with one of them, of which nothing stays', async () => {
    const write = together()
    const broken = write(() => {
      add(2)()
      throw new Error('no')
    })
    const ends = await Promise.allSettled([write(add(1)), broken, write(add(3))])
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(rows()).toEqual([1, 3])
  })

  it('all fail where the commit does, and nothing of any stays', async () => {
    const write = groupCommit(db, (body) => {
      db.transaction(() => {
        body()
        throw new Error('the disk is full')
      }).immediate()
    })
    const ends = await Promise.allSettled([write(add(1)), write(add(2))])
    for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { message: 'the disk is full' } })
    expect(rows()).toEqual([])
  })

  it('are all done, however many there are', async () => {
    const write = together()
    await Promise.all(Array.from({ length: 150 }, (_, n) => write(add(n))))
    expect([rows().length, commits]).toEqual([150, 3])
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fairQueue } from '../../src/core/fair-queue.ts'

const anyArrivals = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 40 })

function filled(keys: readonly string[]) {
  const queue = fairQueue<string>()
  for (const [n, key] of keys.entries()) queue.add(key, `${key}${n}`)
  return queue
}

function drained(queue: { next(): string | undefined }): string[] {
  const all: string[] = []
  for (let item = queue.next(); item !== undefined; item = queue.next()) all.push(item)
  return all
}

describe('fairQueue', () => {
  it('serves everybody in turn, whoever brought more', () => {
    expect(drained(filled(['a', 'a', 'a', 'b', 'a', 'c']))).toEqual(['a0', 'b3', 'c5', 'a1', 'a2', 'a4'])
  })

  it('yields all that was added, each key in the order of its arrivals, and nobody waits longer than a round', () => {
    fc.assert(
      fc.property(anyArrivals, (keys) => {
        const queue = filled(keys)
        expect(queue.size).toBe(keys.length)
        const served = drained(queue)
        expect(queue.size).toBe(0)
        for (const key of ['a', 'b', 'c']) {
          const own = served.filter((item) => item.startsWith(key))
          expect(own).toEqual(keys.flatMap((one, n) => (one === key ? [`${key}${n}`] : [])))
          // between two of one key stands at most one of each other key
          for (const [n, item] of served.entries()) {
            if (own[0] === item) expect(n).toBeLessThan(new Set(keys).size)
          }
        }
      }),
    )
  })

  it('drops the newest of whoever has most', () => {
    const queue = filled(['a', 'b', 'b', 'b', 'a'])
    expect([queue.dropNewest(), queue.dropNewest(), queue.dropNewest()]).toEqual(['b3', 'a4', 'b2'])
    expect(drained(queue)).toEqual(['a0', 'b1'])
    expect([queue.dropNewest(), queue.next()]).toEqual([undefined, undefined])
  })
})

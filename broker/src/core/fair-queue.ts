/** A queue that serves whoever waits in turn, one item each, however many one of them has brought. */
export interface FairQueue<T> {
  readonly size: number
  add(key: string, item: T): void
  /** The longest waiting item of whoever's turn it is; undefined when nothing waits. */
  next(): T | undefined
  /** Takes out the newest item of whoever has most of them here. */
  dropNewest(): T | undefined
}

export function fairQueue<T>(): FairQueue<T> {
  // the order of the keys is the order of their turns
  const lines = new Map<string, T[]>()
  let size = 0
  return {
    get size() {
      return size
    },
    add(key, item) {
      const line = lines.get(key)
      if (line === undefined) lines.set(key, [item])
      else line.push(item)
      size += 1
    },
    next() {
      const [first] = lines
      if (first === undefined) return undefined
      const [key, line] = first
      lines.delete(key)
      const item = line.shift()
      if (line.length > 0) lines.set(key, line)
      size -= 1
      return item
    },
    dropNewest() {
      const [first, ...others] = lines
      if (first === undefined) return undefined
      const [key, line] = others.reduce((most, one) => (one[1].length > most[1].length ? one : most), first)
      const item = line.pop()
      if (line.length === 0) lines.delete(key)
      size -= 1
      return item
    },
  }
}

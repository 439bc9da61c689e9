import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { audit } from './support/audit.ts'
import type { Feed } from './support/feed.ts'
import { ALL, type NetworkStreet, networkStreet, PATIENCE_MS } from './support/street.ts'

let street: NetworkStreet
let feed: Feed

/** In the order of writing: orders flow all the while. */
describe('a hub on four validators', () => {
  beforeAll(async () => {
    street = await networkStreet()
    feed = street.flow()
  })
  afterAll(() => street?.stop())

  it('brings orders into finalized blocks', async () => {
    await street.indexed(5)
  })

  it.each(ALL)('goes on while validator %i is dead, whichever it talks to', async (dead) => {
    const { network, index } = street
    await network.kill(dead)
    const before = street.ordersIndexed()
    const others = ALL.filter((node) => node !== dead)
    const { best } = await network.heads(others[0] ?? 0)
    await street.finalize(others, best + 1)
    await street.indexed(before + 8)
    await network.start(dead)
    await street.finalize([dead], index.head()?.number ?? 0)
  })

  it('waits while two are dead, is killed itself meanwhile, and goes on when they return', async () => {
    const { network, hub } = street
    await Promise.all([network.kill(0), network.kill(1)])
    const { best } = await network.heads(2)
    const receipted = feed.receipted.size
    await network.until('blocks without finality', PATIENCE_MS, async () => (await network.heads(2)).best >= best + 3)
    const indexed = street.ordersIndexed()
    await hub.kill()
    await hub.start()
    // what comes meanwhile is receipted and waits
    await network.until('more orders', PATIENCE_MS, async () => feed.receipted.size >= receipted + 20)
    expect((await network.heads(3)).finalized).toBeLessThanOrEqual(best)
    expect(street.ordersIndexed()).toBe(indexed)
    await Promise.all([network.start(0), network.start(1)])
    await street.finalize(ALL, best + 3)
    await street.indexed(indexed + 20)
  })

  it('has lost no order that it receipted, and entered none twice', async () => {
    feed.stop()
    await street.allDecided()
    await street.hub.stop()
    const { index, rebuilt, ...found } = await audit(street, feed, 1)
    expect(found).toMatchObject({ twice: [], lost: [], contradicted: [], strangers: [] })
    expect(found.entered + found.endedOutside).toBe(found.receipted)
    expect(found.entered).toBeGreaterThan(100)
    expect(found.endedOutside).toBeGreaterThan(0)
    expect(feed.refused).toEqual([])
    expect(rebuilt).toBe(index)
  })
})

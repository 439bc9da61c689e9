import { ENERGY_TYPE, Fault, openDown, type SigningKey, sealDown, signingKeyFromSeed, toHex } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { memoryOutbox } from '../src/adapters/memory-outbox.ts'
import { testSeal } from './support/fixtures.ts'
import { SLOT_MS, START_MS, START_S, street } from './support/street.ts'

describe('runGateway', () => {
  it('is ready when it is connected and has asked its meter once', async () => {
    const one = street({ powerW: () => 400 })
    expect(one.ready()).toBe(0)
    await one.advance(1_000)
    expect(one.ready()).toBe(1)
    await one.stop()
  })

  it('bids for its load over its horizon, and says nothing twice', async () => {
    const one = street({ powerW: () => 400 })
    await one.advance(120_000)
    const bids = [...one.hub.orders.values()].map(({ order }) => order)
    expect(bids.map((bid) => [bid.side, bid.slotStart - START_S, bid.energyWh, bid.priceMicro])).toEqual([
      ['bid', 900, 100, 280_000],
      ['bid', 1_800, 100, 280_000],
      ['bid', 2_700, 100, 280_000],
      ['bid', 3_600, 100, 280_000],
    ])
    expect(one.outbox.pending(10)).toEqual([])
    await one.stop()
  })

  it('offers its surplus, offers nothing at night, and withdraws what the night took back', async () => {
    const one = street({ powerW: (sinceMs) => (sinceMs < 700_000 ? -2_001 : 300) })
    await one.advance(690_000)
    const offers = [...one.hub.orders.values()].filter(({ order }) => order.side === 'offer')
    expect(offers.map(({ order }) => order.energyWh)).toEqual([500, 500, 500, 500, 500])
    await one.advance(90_000)
    one.hub.carryOutCancels()
    await one.advance(600_000)
    // the first offer's gate closed before the sun went
    expect(offers.map(({ state }) => state)).toEqual(['live', 'cancelled', 'cancelled', 'cancelled', 'cancelled'])
    const later = [...one.hub.orders.values()].filter((entry) => !offers.includes(entry))
    expect(later.length).toBeGreaterThan(0)
    expect(later.every(({ order }) => order.side === 'bid')).toBe(true)
    await one.stop()
  })

  it.each([
    { name: 'no inverter', sun: undefined, energyTypes: ENERGY_TYPE.other },
    {
      name: 'an inverter that does not answer',
      sun: { readSunW: async () => undefined },
      energyTypes: ENERGY_TYPE.other,
    },
    { name: 'an inverter that stands', sun: { readSunW: async () => 0 }, energyTypes: ENERGY_TYPE.other },
    { name: 'an inverter that produces', sun: { readSunW: async () => 1_800 }, energyTypes: ENERGY_TYPE.sun },
  ])('sells as sun only what an inverter says is sun: $name', async ({ sun, energyTypes }) => {
    const one = street({ powerW: () => -1_200, parts: { sun } })
    await one.advance(60_000)
    const kinds = [...one.hub.orders.values()].map(({ order }) => [order.side, order.energyTypes])
    expect(kinds).toEqual(Array.from({ length: 4 }, () => ['offer', energyTypes]))
    await one.stop()
  })

  it('numbers its connection in every status, and leaves a word for its end', async () => {
    const one = street({ powerW: () => 400 })
    await one.advance(180_000)
    const [death] = one.hub.deaths
    expect(one.hub.statuses.length).toBeGreaterThan(1)
    for (const { gateway, epoch, session } of one.hub.statuses) expect({ gateway, epoch, session }).toEqual(death)
    await one.stop()
  })

  it('connects without a number when its store fails, and says what it can', async () => {
    const broken = memoryOutbox(testSeal(), 1)
    broken.nextSession = () => {
      throw new Fault('store', 'disk full')
    }
    const one = street({ powerW: () => 400, outbox: broken })
    await one.advance(60_000)
    expect(one.hub.deaths).toEqual([])
    expect(one.hub.statuses[0]).toBeDefined()
    expect(one.hub.statuses[0]).not.toHaveProperty('session')
    await one.stop()
  })

  it('signs one energy per slot that add up to the counters, chained by hash', async () => {
    const one = street({ powerW: (sinceMs) => 1_000 * Math.sin(sinceMs / 500_000) })
    await one.advance(4 * SLOT_MS + 60_000)
    const energies = one.hub.energies()
    expect(energies.map((energy) => energy.slotStart - START_S)).toEqual([0, 900, 1_800, 2_700])
    expect(energies.every((energy) => energy.quality === 'good' && energy.grade === 'operational')).toBe(true)
    const track = one.outbox.track()
    expect(energies.reduce((sum, energy) => sum + energy.importWh, 5_000_000)).toBe(track?.start?.importWh)
    expect(energies.reduce((sum, energy) => sum + energy.exportWh, 900_000)).toBe(track?.start?.exportWh)
    expect(new Set(energies.map((energy) => toHex(energy.salt))).size).toBe(4)
    expect(new Set(energies.map((energy) => toHex(energy.previous))).size).toBe(4)
    await one.stop()
  })

  it('marks what a silent meter leaves as missing, stops ordering, says so, asks seldom, and recovers', async () => {
    const one = street({ powerW: () => 400 })
    await one.advance(300_000)
    const ordersBefore = one.hub.orders.size
    one.home.silence(true)
    const readsBefore = one.home.reads()
    await one.advance(2 * SLOT_MS)
    expect(one.hub.orders.size).toBe(ordersBefore)
    expect(one.home.reads() - readsBefore).toBeLessThan(20)
    expect(one.hub.statuses.at(-1)).toMatchObject({ meter: 'missing', importW: 0 })
    expect(one.hub.energies()).toMatchObject([{ quality: 'missing', importWh: 0, exportWh: 0 }])
    one.home.silence(false)
    await one.advance(2 * SLOT_MS)
    expect(one.hub.statuses.at(-1)).toMatchObject({ meter: 'good', importW: 400 })
    expect(one.hub.energies().at(-1)).toMatchObject({ quality: 'good', importWh: 100 })
    expect(one.hub.orders.size).toBeGreaterThan(ordersBefore)
    await one.stop()
  })

  it('publishes again, on the live connection, what got no receipt', async () => {
    let deaf = true
    const one = street({ powerW: () => 400, loses: () => deaf })
    await one.advance(30_000)
    expect(one.outbox.pending(10)).toHaveLength(4)
    deaf = false
    await one.advance(60_000)
    expect(one.outbox.pending(10)).toEqual([])
    expect(one.hub.orders.size).toBe(4)
    await one.stop()
  })

  it('keeps asking while the hub cannot take orders, and leaves a slot alone that it will not', async () => {
    let away = true
    const one = street({ powerW: () => 400, refuses: () => (away ? 'chain-unavailable' : 'collateral') })
    await one.advance(60_000)
    expect(one.outbox.pending(10)).toHaveLength(4)
    away = false
    await one.advance(400_000)
    expect(one.outbox.pending(10)).toEqual([])
    const rejected = one.outbox.orders(0).filter((order) => order.slotStart === START_S + 1_800)
    expect(rejected.map((order) => order.state)).toEqual(['rejected', 'rejected', 'rejected'])
    await one.stop()
  })

  it('asks for what it missed as soon as it sees a gap in the notices', async () => {
    let deaf = false
    const one = street({ powerW: () => 400, loses: () => deaf })
    await one.advance(5_000)
    const [sequence = 0] = [...one.hub.orders.keys()]
    deaf = true
    one.hub.trade(sequence, 10)
    deaf = false
    one.hub.trade(sequence, 20)
    // far less than until the next regular status
    await one.advance(3_000)
    expect(one.outbox.lastNotice()).toBe(2)
    expect(one.outbox.orders(0)).toContainEqual(expect.objectContaining({ sequence, tradedWh: 30 }))
    await one.stop()
  })

  it('believes only what the hub signed', async () => {
    let deaf = true
    const one = street({ powerW: () => 400, loses: () => deaf })
    await one.advance(10_000)
    const [message] = one.outbox.pending(1)
    const stranger: SigningKey = signingKeyFromSeed(new Uint8Array(32).fill(1))
    const forged = sealDown({ hash: message?.hash, ok: true }, stranger)
    expect(openDown(forged, stranger.publicKey)).toMatchObject({ ok: true })
    const events: { message?: (kind: 'receipt', payload: Uint8Array) => void } = {}
    await one.stop()
    const two = street({
      powerW: () => 400,
      outbox: one.outbox,
      parts: {
        link: {
          async run(handlers, signal) {
            events.message = handlers.message
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
          },
        },
      },
    })
    await two.advance(1_000)
    events.message?.('receipt', forged)
    await two.advance(1_000)
    expect(two.outbox.pending(10)[0]).toEqual(message)
    expect(two.log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'a message from the hub is unreadable' }),
    )
    deaf = false
    await two.stop()
  })

  it('signs nothing while its clock is behind what it has already seen', async () => {
    const outbox = memoryOutbox(testSeal(), 1)
    outbox.commit({ nowMs: START_MS + 600_000 })
    const one = street({ powerW: () => 400, outbox })
    await one.advance(599_000)
    expect([one.ready(), one.outbox.pending(10), one.hub.received()]).toEqual([0, [], 0])
    await one.advance(120_000)
    expect(one.hub.orders.size).toBe(4)
    await one.stop()
  })

  it('makes nothing durable of a clock that is years ahead for a few minutes, and goes on as if nothing had been', async () => {
    const one = street({ powerW: () => -1_200 })
    const day = 86_400
    // the slot that begins meanwhile begins a day of that other time: then old slots are forgotten
    const aheadS = 400 * day - ((START_S + 900) % day)
    await one.advance(790_000)
    const before = one.outbox.orders(0)
    one.step(aheadS * 1000)
    await one.advance(240_000)
    expect(one.outbox.orders(0)).toEqual(before)
    expect(one.outbox.clockFloorMs()).toBeLessThanOrEqual(START_MS + 790_000)
    one.step(0)
    const [readsBefore, statusesBefore] = [one.home.reads(), one.hub.statuses.length]
    await one.advance(3 * SLOT_MS)
    expect(one.home.reads() - readsBefore).toBeGreaterThan(85)
    expect(one.hub.statuses.length - statusesBefore).toBeGreaterThan(40)
    expect(
      one.outbox
        .orders(0)
        .slice(0, before.length)
        .map(({ sequence }) => sequence),
    ).toEqual(before.map(({ sequence }) => sequence))
    const nowS = one.clock.nowMs() / 1000
    for (const { order } of one.hub.orders.values()) expect(order.slotStart).toBeLessThan(nowS + 7_200)
    expect(one.hub.energies().map(({ slotStart, quality }) => [slotStart - START_S, quality])).toEqual([
      [0, 'estimated'],
      [900, 'estimated'],
      [1_800, 'good'],
      [2_700, 'good'],
    ])
    expect(one.log.lines).toContainEqual(expect.objectContaining({ message: expect.stringContaining('jumped ahead') }))
    await one.stop()
  })

  it('takes no reading from a clock that was stepped back while the meter was read', async () => {
    const one = street({ powerW: () => 400 })
    await one.advance(100_000)
    one.home.misstamp(365 * 86_400_000)
    await one.advance(2 * SLOT_MS)
    expect(one.outbox.track()?.last?.atMs).toBeLessThanOrEqual(one.clock.nowMs())
    expect(one.hub.energies()).toMatchObject([
      { slotStart: START_S, importWh: 100, quality: 'good' },
      { importWh: 100 },
    ])
    await one.stop()
  })

  it('follows a clock that jumped ahead once it has stood for minutes', async () => {
    const one = street({ powerW: () => 400 })
    await one.advance(100_000)
    const aheadMs = 2 * 86_400_000
    one.step(aheadMs)
    await one.advance(240_000)
    expect([one.hub.orders.size, one.outbox.clockFloorMs() < START_MS + aheadMs]).toEqual([4, true])
    await one.advance(120_000)
    expect(one.outbox.clockFloorMs()).toBeGreaterThan(START_MS + aheadMs)
    const latest = [...one.hub.orders.values()].at(-1)
    expect(latest?.order.slotStart).toBeGreaterThan((START_MS + aheadMs) / 1000)
    await one.stop()
  })

  it('says that its clock is doubted, and that it is trusted again', async () => {
    const one = street({ powerW: () => 400 })
    await one.advance(100_000)
    one.step(365 * 86_400_000)
    await one.advance(60_000)
    expect(one.hub.statuses.at(-1)).toMatchObject({ clock: 'doubted' })
    one.step(0)
    await one.advance(60_000)
    expect(one.hub.statuses.at(-1)).toMatchObject({ clock: 'trusted' })
    await one.stop()
  })

  it('says that its meter seems to be connected the wrong way round', async () => {
    const generationW = (sinceMs: number) => 3_000 + 2_700 * Math.sin(sinceMs / 20_000)
    let nowMs = () => START_MS
    const one = street({
      powerW: (sinceMs) => generationW(sinceMs) - 300,
      parts: { sun: { readSunW: async () => generationW(nowMs() - START_MS) } },
    })
    nowMs = one.clock.nowMs
    await one.advance(5 * 60_000)
    expect(one.hub.statuses.at(-1)?.findings).toEqual([])
    await one.advance(20 * 60_000)
    expect(one.hub.statuses.at(-1)?.findings).toEqual(['power-reversed'])
    await one.stop()
  })

  it('resumes a slot in its middle after a restart, and sells nothing again', async () => {
    const outbox = memoryOutbox(testSeal(), 1)
    const powerW = () => -1_200
    const one = street({ powerW, outbox })
    await one.advance(SLOT_MS + 400_000)
    await one.stop()
    const sold = outbox.orders(0)
    const two = street({ powerW, outbox, startMs: START_MS + SLOT_MS + 500_000 })
    await two.advance(SLOT_MS)
    expect(outbox.orders(0).slice(0, sold.length)).toEqual(sold)
    for (const { order } of two.hub.orders.values()) {
      expect(sold.some((old) => old.slotStart === order.slotStart)).toBe(false)
    }
    expect(two.hub.energies()).toMatchObject([{ slotStart: START_S + 900, exportWh: 300, quality: 'good' }])
    await two.stop()
  })

  it('ends when a fault comes that no retry can help', async () => {
    const broken = street({
      powerW: () => 400,
      parts: {
        meter: {
          read() {
            throw new Error('a bug')
          },
        },
      },
    })
    await expect(broken.running).rejects.toThrow('a bug')
  })
})

/** Deterministic chance (mulberry32), so that a failure can be repeated. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('a bad network and a lively market', () => {
  it.each([
    { seed: 1, wavering: false },
    { seed: 2, wavering: false },
    { seed: 3, wavering: false },
    { seed: 1, wavering: true },
    { seed: 4, wavering: true },
    { seed: 5, wavering: true },
  ])(
    'sell nothing twice and lose nothing (seed $seed, contradictory receipts: $wavering)',
    async ({ seed, wavering }) => {
      const random = chance(seed)
      let calm = false
      const lossy = {
        loses: () => !calm && random() < 0.3,
        doubles: () => !calm && random() < (wavering ? 0.6 : 0.2),
        wavers: () => wavering && !calm && random() < 0.8,
      }
      const one = street({ powerW: () => -2_000, parts: { random }, ...lossy })
      const perSlotWh = 500
      for (let minute = 0; minute < 60; minute++) {
        await one.advance(60_000)
        const open = [...one.hub.orders.values()].filter(({ state }) => state === 'live')
        const pick = open[Math.floor(random() * open.length)]
        const roll = random()
        if (pick !== undefined && roll < 0.5) one.hub.trade(pick.order.sequence, 1 + Math.floor(random() * 400))
        else if (pick !== undefined && roll < 0.7) one.hub.end(pick.order.sequence, roll < 0.6 ? 'expired' : 'rejected')
        one.hub.carryOutCancels()
        const sold = new Map<number, number>()
        for (const { order, tradedWh, state } of one.hub.orders.values()) {
          const exposedWh = state === 'live' ? order.energyWh : tradedWh
          sold.set(order.slotStart, (sold.get(order.slotStart) ?? 0) + exposedWh)
        }
        // a mean of rounded counters may be a Wh or two above the true surplus, never more
        for (const exposedWh of sold.values()) expect(exposedWh).toBeLessThanOrEqual(perSlotWh + 2)
      }
      calm = true
      await one.advance(300_000)
      expect(one.outbox.pending(10)).toEqual([])
      expect(one.outbox.lastNotice()).toBe(one.hub.notices())
      for (const known of one.outbox.orders(0)) {
        const truth = one.hub.orders.get(known.sequence)
        expect([known.tradedWh, known.state]).toEqual([truth?.tradedWh, truth?.state])
      }
      expect(one.hub.energies().length).toBeGreaterThanOrEqual(4)
      expect(one.hub.waverings() > 0).toBe(wavering)
      await one.stop()
    },
  )
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CarSpec, CHARGER_EFFICIENCY, carMoment, chargingW, LEAST_CHARGE_W, tripOf } from '../../src/core/car.ts'

const CAR: CarSpec = {
  ...{
    capacityWh: 60_000,
    chargeW: 11_000,
    kmPerDay: 40,
    whPerKm: 180,
    drivingDays: 0.8,
    leavesAtH: 7.5,
    returnsAtH: 17,
  },
  charging: 'at-once',
}
const STEP_S = 5
const HOURS = STEP_S / 3600

/** A car through these days of 24 h, from a day on, with what the house would feed in at this second. */
function run(car: CarSpec, days: number, surplusAt: (secondOfDay: number) => number = () => 0) {
  let missingWh = 0
  let takenWh = 0
  const drawn: { day: number; second: number; watts: number }[] = []
  const lackWhenLeaving: number[] = []
  for (let day = 100; day < 100 + days; day++) {
    const trip = tripOf(car, 1, 2, day)
    for (let second = STEP_S / 2; second < 86_400; second += STEP_S) {
      const moment = carMoment(car, 1, 2, { day, secondOfDay: second }, STEP_S, missingWh)
      const watts = chargingW(car, moment, surplusAt(second), HOURS)
      if (watts > 0) drawn.push({ day, second, watts })
      if (!moment.isHome) expect(watts).toBe(0)
      missingWh = Math.max(0, moment.missingWh - watts * CHARGER_EFFICIENCY * HOURS)
      takenWh += watts * HOURS
      if (trip !== undefined && Math.abs(second - trip.leavesS) <= STEP_S / 2) lackWhenLeaving.push(missingWh)
    }
  }
  return { drawn, takenWh, missingWh, lackWhenLeaving }
}

const usedWh = (car: CarSpec, days: number) =>
  Array.from({ length: days }, (_, i) => tripOf(car, 1, 2, 100 + i)?.usedWh ?? 0).reduce((a, b) => a + b, 0)

describe('the trips of a car', () => {
  it('are the same whenever they are asked, lie within a day, and are others for another house, day or seed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(30_000), (seed, house, day) => {
        const trip = tripOf(CAR, seed, house, day)
        expect(tripOf(CAR, seed, house, day)).toEqual(trip)
        if (trip === undefined) return
        expect(trip.leavesS).toBeGreaterThanOrEqual(0)
        expect(trip.returnsS).toBeGreaterThan(trip.leavesS)
        expect(trip.returnsS).toBeLessThan(86_400)
        expect(trip.usedWh).toBeGreaterThan(0)
        expect(trip.usedWh).toBeLessThanOrEqual(CAR.capacityWh)
      }),
    )
    const always = { ...CAR, drivingDays: 1 }
    const trips = [tripOf(always, 1, 2, 3), tripOf(always, 2, 2, 3), tripOf(always, 1, 3, 3), tripOf(always, 1, 2, 4)]
    expect(new Set(trips.map((trip) => trip?.leavesS)).size).toBe(4)
  })

  it('are as many, as long and as early as the car says, on average', () => {
    const trips = Array.from({ length: 5_000 }, (_, day) => tripOf(CAR, 1, 2, day)).flatMap((trip) => trip ?? [])
    const mean = (of: (trip: (typeof trips)[number]) => number) =>
      trips.reduce((sum, one) => sum + of(one), 0) / trips.length
    expect(Math.abs(trips.length / 5_000 - 0.8)).toBeLessThan(0.02)
    expect(Math.abs(mean(({ usedWh: wh }) => wh) / (40 * 180) - 1)).toBeLessThan(0.03)
    expect(Math.abs(mean(({ leavesS }) => leavesS) / 3600 - 7.5)).toBeLessThan(0.05)
    expect(Math.abs(mean(({ returnsS }) => returnsS) / 3600 - 17)).toBeLessThan(0.05)
  })
})

describe('a car at home', () => {
  it('takes what the ways took over the efficiency of its charger, no more than its wall box gives', () => {
    const { drawn, takenWh, missingWh } = run(CAR, 30)
    expect(takenWh * CHARGER_EFFICIENCY + missingWh).toBeCloseTo(usedWh(CAR, 30), 3)
    expect(Math.max(...drawn.map(({ watts }) => watts))).toBe(11_000)
  })

  it('charges at once when it is back', () => {
    const { drawn, lackWhenLeaving } = run(CAR, 10)
    for (const { day, second } of drawn) {
      const trip = tripOf(CAR, 1, 2, day)
      expect(second).toBeGreaterThanOrEqual(trip?.returnsS ?? Number.POSITIVE_INFINITY)
      expect(second - (trip?.returnsS ?? 0)).toBeLessThan(3 * 3600)
    }
    expect(Math.max(...lackWhenLeaving)).toBe(0)
  })

  const patient = { ...CAR, charging: 'surplus', returnsAtH: 12 } as const
  it('that waits for sun takes no more than there is, never too little for a charger, and the rest before it leaves', () => {
    const sun = (second: number) => (second > 13 * 3600 && second < 16 * 3600 ? 3_000 : second > 16 * 3600 ? 1_000 : 0)
    const { drawn, lackWhenLeaving } = run(patient, 20, sun)
    const afternoon = drawn.filter(({ second }) => second > 12.5 * 3600)
    expect(afternoon.length).toBeGreaterThan(1_000)
    for (const { second, watts } of afternoon) expect(watts).toBeLessThanOrEqual(sun(second))
    const inSun = afternoon.filter(({ watts }) => watts >= LEAST_CHARGE_W)
    // all but the last step of each day
    expect(afternoon.length - inSun.length).toBeLessThanOrEqual(20)
    expect(lackWhenLeaving.length).toBeGreaterThan(10)
    expect(Math.max(...lackWhenLeaving)).toBeLessThan(1)
  })

  it('that waits for sun is full before it leaves, even if none comes', () => {
    const { drawn, lackWhenLeaving } = run(patient, 20)
    expect(Math.max(...lackWhenLeaving)).toBeLessThan(1)
    for (const { second } of drawn) expect(second).toBeLessThan(10 * 3600)
  })
})

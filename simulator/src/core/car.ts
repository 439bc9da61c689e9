import type { LocalMoment } from './calendar.ts'
import { normal, uniform } from './random.ts'

/** A battery car that is charged at home. */
export interface CarSpec {
  readonly capacityWh: number
  /** Most that wall box and car take at their AC side. */
  readonly chargeW: number
  /** Mean of the days on which it drives. */
  readonly kmPerDay: number
  readonly whPerKm: number
  /** Share of the days on which it drives. */
  readonly drivingDays: number
  /** Mean local hours. */
  readonly leavesAtH: number
  readonly returnsAtH: number
  /** As soon as it is back, or from what the house would feed in and only as late as must be from the grid. */
  readonly charging: 'at-once' | 'surplus'
}

/** Seconds of the local day, and what the way takes from the car's battery. */
export interface Trip {
  readonly leavesS: number
  readonly returnsS: number
  readonly usedWh: number
}

/** What the car's charger keeps of what it takes: the customary figure of on-board chargers near full power. */
export const CHARGER_EFFICIENCY = 0.9
/** A car cannot be charged with less than 6 A of one phase (IEC 61851-1, table A.8). */
export const LEAST_CHARGE_W = 6 * 230
/** Charging that waits for sun begins so much earlier than it would have to. */
const MARGIN_S = 900

const [LEAVES_SPREAD_S, RETURNS_SPREAD_S, KM_SPREAD] = [2_700, 3_600, 0.5]
/** Back before midnight, so that a trip belongs to one day. */
const [SHORTEST_S, LATEST_S] = [1_800, 86_000]
const DAY_S = 86_400
/** Tells these draws from those of other things of a house. */
const CAR = 3_000_000

/** The trip of a day, the same whenever it is asked; undefined where the car stays at home. `house` stands for its name. */
export function tripOf(car: CarSpec, seed: number, house: number, day: number): Trip | undefined {
  if (uniform(seed, house, CAR, day) > car.drivingDays) return undefined
  const leaves = car.leavesAtH * 3600 + LEAVES_SPREAD_S * normal(seed, house, CAR + 1, day)
  const returns = car.returnsAtH * 3600 + RETURNS_SPREAD_S * normal(seed, house, CAR + 2, day)
  const leavesS = Math.round(Math.min(LATEST_S - SHORTEST_S, Math.max(0, leaves)))
  const returnsS = Math.round(Math.min(LATEST_S, Math.max(leavesS + SHORTEST_S, returns)))
  // log-normal with mean 1
  const longer = Math.exp(KM_SPREAD * normal(seed, house, CAR + 3, day) - KM_SPREAD ** 2 / 2)
  return { leavesS, returnsS, usedWh: Math.min(car.capacityWh, car.kmPerDay * longer * car.whPerKm) }
}

/** What the car is and needs during one step. */
export interface CarMoment {
  readonly isHome: boolean
  /** What its battery lacks, after the way home if it came back in this step. */
  readonly missingWh: number
  /** Until it leaves next, as far as tomorrow; infinite where it does not. */
  readonly leavesInS: number
}

/** @param middle of the step, which takes `stepS` */
export function carMoment(
  car: CarSpec,
  seed: number,
  house: number,
  middle: LocalMoment,
  stepS: number,
  missingWh: number,
): CarMoment {
  const { day, secondOfDay } = middle
  const today = tripOf(car, seed, house, day)
  const isBack = today !== undefined && Math.abs(today.returnsS + 0.5 - secondOfDay) < stepS / 2
  const missing = isBack ? Math.min(car.capacityWh, missingWh + today.usedWh) : missingWh
  const isHome = today === undefined || secondOfDay < today.leavesS || secondOfDay >= today.returnsS
  if (car.charging === 'at-once' || missing === 0)
    return { isHome, missingWh: missing, leavesInS: Number.POSITIVE_INFINITY }
  const next =
    today !== undefined && secondOfDay < today.leavesS
      ? today.leavesS
      : DAY_S + (tripOf(car, seed, house, day + 1)?.leavesS ?? Number.POSITIVE_INFINITY)
  return { isHome, missingWh: missing, leavesInS: next - secondOfDay }
}

/** What the car draws in a step of `hours`, W, where the house would feed in `surplusW` without it. */
export function chargingW(car: CarSpec, moment: CarMoment, surplusW: number, hours: number): number {
  if (!moment.isHome || moment.missingWh <= 0) return 0
  const mostW = Math.min(car.chargeW, moment.missingWh / CHARGER_EFFICIENCY / hours)
  if (car.charging === 'at-once') return mostW
  const neededS = (moment.missingWh / CHARGER_EFFICIENCY / car.chargeW) * 3600
  if (moment.leavesInS <= neededS + MARGIN_S) return mostW
  return surplusW >= Math.min(LEAST_CHARGE_W, mostW) ? Math.min(mostW, surplusW) : 0
}

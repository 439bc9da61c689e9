import { type Clock, Fault, messageOf, pause } from '@wattfleet/protocol'
import type { Flows, HouseSpec, HouseState } from './core/house.ts'
import { firstState, flowsAt, momentOf, nextStep, STEP_MS, stepAt, type World } from './core/street.ts'
import { assertHeatable, loadWorld, type WorldOptions } from './data.ts'
import { loadState, type StreetState, saveState } from './state-store.ts'

/** How often the counters are stored: an SD card is spared, and little is integrated again after a crash. */
const STORE_EVERY_MS = 5_000
/** Steps of single houses between two looks at the event loop: a few milliseconds. */
const HOUSE_STEPS_PER_TURN = 3_000
/** A month. What lies before that passes without flows, and is said so. */
const LONGEST_CATCH_UP_STEPS = (31 * 86_400_000) / STEP_MS
/** What a start integrates in some ten seconds: a month of eleven houses, or eight hours of a thousand. */
const MOST_CATCH_UP_HOUSE_STEPS = 6_000_000

/** What the simulator tells of itself; pino's logger is one. */
export interface Log {
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
}

export interface HousesOptions {
  readonly houses: readonly HouseSpec[]
  /** Seeds the noise of the loads and the first counters. */
  readonly seed: number
  readonly utcOffsetS: number
  readonly weather?: WorldOptions
  /** Where counters and batteries are kept; without it every start is a first one. */
  readonly stateDir?: string | undefined
}

/** What a house's devices show at one moment. */
export interface HouseNow {
  readonly spec: HouseSpec
  readonly state: HouseState
  readonly flows: Flows
}

/** Houses whose flows are integrated as the clock goes. */
export interface Houses {
  /** Throws RangeError for a name that is not there. */
  of(name: string): HouseNow
  /** Stores the counters. Rejects with Fault `store` where that fails. */
  stop(): Promise<void>
}

interface House {
  readonly spec: HouseSpec
  state: HouseState
  flows: Flows
}

/**
 * Starts houses. Their counters go on from the stored state and are brought forward to the clock's now; time that has
 * passed since is integrated in the same steps, so a stop, clean or not, leaves no trace in them. Counters never run
 * backwards: steps depend on seed, house and time alone, so what was shown after the last storing is integrated again to
 * the same figures. An aborted `signal` cuts a long catch-up short. Rejects with Fault `store`, and
 * `config` for weather that is none.
 */
export async function startHouses(
  options: HousesOptions,
  clock: Clock,
  log: Log,
  signal?: AbortSignal,
): Promise<Houses> {
  const world = loadWorld(options.seed, options.utcOffsetS, options.weather)
  assertHeatable(world, options.houses)
  const street = new Street(options, world, clock, log)
  await street.start(signal)
  return street
}

class Street implements Houses {
  readonly #options: HousesOptions
  readonly #world: World
  readonly #clock: Clock
  readonly #log: Log
  readonly #stopping = new AbortController()
  #known: StreetState['houses'] = {}
  #houses: ReadonlyMap<string, House> = new Map()
  #step = 0
  #storedStep = -1
  #loops: Promise<void>[] = []

  constructor(options: HousesOptions, world: World, clock: Clock, log: Log) {
    this.#options = options
    this.#world = world
    this.#clock = clock
    this.#log = log
  }

  async start(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) this.#stopping.abort()
    signal?.addEventListener('abort', () => this.#stopping.abort(), { once: true })
    await this.#restore()
    await this.#catchUp()
    // what is served must be stored once, or a crash would let the first counters be drawn again later
    await this.#store()
    this.#loops = [this.#tick(), this.#keep()]
  }

  of(name: string): HouseNow {
    const house = this.#houses.get(name)
    if (house === undefined) throw new RangeError(`there is no house ${name}`)
    return house
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#loops)
    await this.#store()
  }

  async #restore(): Promise<void> {
    const { stateDir } = this.#options
    const stored = stateDir === undefined ? undefined : await loadState(stateDir)
    const now = stepAt(this.#clock.nowMs())
    this.#step = stored?.step ?? now
    this.#known = stored?.houses ?? {}
    if (this.#step > now) {
      const aheadS = ((this.#step - now) * STEP_MS) / 1000
      this.#log.warn({ aheadS }, 'the stored counters are ahead of the clock; they stand still until it has caught up')
    }
    const { houses } = this.#options
    const longest = Math.min(LONGEST_CATCH_UP_STEPS, Math.floor(MOST_CATCH_UP_HOUSE_STEPS / Math.max(1, houses.length)))
    if (now - this.#step > longest) {
      const skippedS = ((now - this.#step - longest) * STEP_MS) / 1000
      this.#log.warn({ skippedS }, 'the stored counters are too old; the street was dark for the first part of the gap')
      this.#step = now - longest
    }
    const moment = momentOf(this.#world, this.#step)
    const started = houses.map((spec): [string, House] => {
      const state = this.#known[spec.name] ?? firstState(this.#world, spec)
      return [spec.name, { spec, state, flows: flowsAt(this.#world, moment, spec, state) }]
    })
    this.#houses = new Map(started)
  }

  /** Integrates up to the clock's now; a jump ahead is made of the same steps as any other time. */
  async #catchUp(): Promise<void> {
    const stepsPerTurn = Math.ceil(HOUSE_STEPS_PER_TURN / Math.max(1, this.#houses.size))
    let done = 0
    while (this.#step < stepAt(this.#clock.nowMs()) && !this.#stopping.signal.aborted) {
      const moment = momentOf(this.#world, this.#step + 1)
      for (const house of this.#houses.values())
        Object.assign(house, nextStep(this.#world, moment, house.spec, house.state))
      this.#step = moment.step
      if (++done % stepsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async #tick(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#catchUp()
      await this.#clock.until((this.#step + 1) * STEP_MS, this.#stopping.signal)
    }
  }

  /** Stores by the wall's clock: it is the disk that is spared. A full disk does not stop the meters. */
  async #keep(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await pause(STORE_EVERY_MS, this.#stopping.signal)
      try {
        await this.#store()
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        this.#log.warn({ error: messageOf(error) }, 'the counters could not be stored')
      }
    }
  }

  async #store(): Promise<void> {
    const { stateDir } = this.#options
    if (stateDir === undefined || this.#step === this.#storedStep) return
    const step = this.#step
    const served = Object.fromEntries([...this.#houses.values()].map(({ spec, state }) => [spec.name, state]))
    // a house that is not served now keeps what its meter showed
    await saveState(stateDir, { version: 1, step, houses: { ...this.#known, ...served } })
    this.#storedStep = step
  }
}

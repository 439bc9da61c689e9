import { type Clock, Fault, messageOf, pause } from '@wattfleet/protocol'
import type { HouseConfig, SimulatorConfig } from './config.ts'
import type { Flows, HouseState } from './core/house.ts'
import { firstState, flowsAt, momentOf, nextStep, STEP_MS, stepAt, type World } from './core/street.ts'
import { loadWorld } from './data.ts'
import { loadState, type StreetState, saveState } from './state-store.ts'
import { inverterRegisters } from './wire/inverter-registers.ts'
import { meterRegisters } from './wire/meter-registers.ts'
import { type ModbusServer, serveModbus } from './wire/modbus-server.ts'

/** The unit id that every device answers, as a device with one TCP port does. */
export const DEVICE_UNIT_ID = 1

/** How often the counters are stored: an SD card is spared, and little is integrated again after a crash. */
const STORE_EVERY_MS = 5_000
/** Steps of the whole street between two looks at the event loop: a few milliseconds. */
const STEPS_PER_TURN = 500
/** A month: what a start integrates in a few seconds. What lies before that passes without flows, and is said so. */
const LONGEST_CATCH_UP_STEPS = (31 * 86_400_000) / STEP_MS

/** What the simulator tells of itself; pino's logger is one. */
export interface Log {
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
}

/** One house as it is served. */
export interface ServedHouse {
  readonly name: string
  readonly meterPort: number
  readonly inverterPort: number | undefined
}

export interface Simulator {
  readonly houses: readonly ServedHouse[]
  /** What a house's devices show now. Throws RangeError for a name that is not served. */
  stateOf(name: string): { readonly state: HouseState; readonly flows: Flows }
  /** Stores the counters and closes every socket. Rejects with Fault `store` where that fails. */
  stop(): Promise<void>
}

interface House {
  readonly spec: HouseConfig
  state: HouseState
  flows: Flows
}

/**
 * Starts the houses of a configuration behind their sockets. Their counters go on from the stored state and are brought
 * forward to the clock's now before anything is served; time that has passed since is integrated in the same steps, so a
 * stop, clean or not, leaves no trace in them. Counters never run backwards: steps depend on seed, house and time alone,
 * so what was served after the last storing is integrated again to the same figures.
 * An aborted `signal` cuts a long catch-up short. Rejects with Fault `store` (state) or `transport` (a port).
 */
export async function startSimulator(
  config: SimulatorConfig,
  clock: Clock,
  log: Log,
  signal?: AbortSignal,
): Promise<Simulator> {
  const street = new Street(config, loadWorld(config.seed, config.utcOffsetS), clock, log)
  await street.start(signal)
  return street
}

class Street implements Simulator {
  readonly #config: SimulatorConfig
  readonly #world: World
  readonly #clock: Clock
  readonly #log: Log
  readonly #stopping = new AbortController()
  readonly #servers: ModbusServer[] = []
  #known: StreetState['houses'] = {}
  #houses: House[] = []
  #step = 0
  #storedStep = -1
  #loops: Promise<void>[] = []
  houses: readonly ServedHouse[] = []

  constructor(config: SimulatorConfig, world: World, clock: Clock, log: Log) {
    this.#config = config
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
    try {
      this.houses = await this.#serve()
    } catch (error) {
      await this.#closeServers()
      throw error
    }
    this.#loops = [this.#tick(), this.#keep()]
  }

  stateOf(name: string): { readonly state: HouseState; readonly flows: Flows } {
    const house = this.#houses.find(({ spec }) => spec.name === name)
    if (house === undefined) throw new RangeError(`there is no house ${name}`)
    return { state: house.state, flows: house.flows }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#closeServers()
    await Promise.all(this.#loops)
    await this.#store()
  }

  async #restore(): Promise<void> {
    const stored = await loadState(this.#config.stateDir)
    const now = stepAt(this.#clock.nowMs())
    this.#step = stored?.step ?? now
    this.#known = stored?.houses ?? {}
    if (this.#step > now) {
      const aheadS = ((this.#step - now) * STEP_MS) / 1000
      this.#log.warn({ aheadS }, 'the stored counters are ahead of the clock; they stand still until it has caught up')
    }
    if (now - this.#step > LONGEST_CATCH_UP_STEPS) {
      const skippedS = ((now - this.#step - LONGEST_CATCH_UP_STEPS) * STEP_MS) / 1000
      this.#log.warn({ skippedS }, 'the stored counters are too old; the street was dark for the first part of the gap')
      this.#step = now - LONGEST_CATCH_UP_STEPS
    }
    const moment = momentOf(this.#world, this.#step)
    this.#houses = this.#config.houses.map((spec) => {
      const state = this.#known[spec.name] ?? firstState(this.#world, spec)
      return { spec, state, flows: flowsAt(this.#world, moment, spec, state.storedWh) }
    })
  }

  /** Integrates up to the clock's now; a jump ahead is made of the same steps as any other time. */
  async #catchUp(): Promise<void> {
    let done = 0
    while (this.#step < stepAt(this.#clock.nowMs()) && !this.#stopping.signal.aborted) {
      const moment = momentOf(this.#world, this.#step + 1)
      for (const house of this.#houses) Object.assign(house, nextStep(this.#world, moment, house.spec, house.state))
      this.#step = moment.step
      if (++done % STEPS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
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
    if (this.#step === this.#storedStep) return
    const step = this.#step
    const served = Object.fromEntries(this.#houses.map(({ spec, state }) => [spec.name, state]))
    // a house that is not served now keeps what its meter showed
    await saveState(this.#config.stateDir, { version: 1, step, houses: { ...this.#known, ...served } })
    this.#storedStep = step
  }

  async #serve(): Promise<ServedHouse[]> {
    const served: ServedHouse[] = []
    for (const house of this.#houses) {
      const { name, meterPort, inverterPort } = house.spec
      const meter = await this.#open(meterPort, () => meterRegisters(house.state, house.flows))
      const inverter =
        inverterPort === undefined
          ? undefined
          : await this.#open(inverterPort, () => inverterRegisters(house.spec, house.state, house.flows))
      served.push({ name, meterPort: meter.port, inverterPort: inverter?.port })
      this.#log.info({ name, meterPort: meter.port, inverterPort: inverter?.port }, 'house served')
    }
    return served
  }

  async #open(port: number, registers: Parameters<typeof serveModbus>[0]['registers']): Promise<ModbusServer> {
    const server = await serveModbus({ host: this.#config.host, port, unitId: DEVICE_UNIT_ID, registers })
    this.#servers.push(server)
    return server
  }

  async #closeServers(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map((server) => server.close()))
  }
}

import { type Clock, monotonicClock } from '@wattfleet/protocol'
import type { HouseConfig, SimulatorConfig } from './config.ts'
import type { Flows, HouseState } from './core/house.ts'
import { FaultBox } from './faults/box.ts'
import { type Houses, type Log, startHouses } from './houses.ts'
import type { WireDevice } from './wire/device.ts'
import { inverterDevice } from './wire/inverter-registers.ts'
import type { WireServer } from './wire/listener.ts'
import { meterDevice } from './wire/meter-registers.ts'
import { serveModbusTcp } from './wire/modbus-tcp.ts'
import { ServedDevice } from './wire/served-device.ts'

/** The unit id that every device answers, as a device with one TCP port does. */
export const DEVICE_UNIT_ID = 1

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

/**
 * Starts the houses of a configuration behind their sockets; see `startHouses` for what their counters do. An aborted
 * `signal` cuts a long catch-up short. Rejects with Fault `store` (state) or `transport` (a port).
 */
export async function startSimulator(
  config: SimulatorConfig,
  clock: Clock,
  log: Log,
  signal?: AbortSignal,
): Promise<Simulator> {
  const houses = await startHouses(config, clock, log, signal)
  const servers: WireServer[] = []
  const wire = { clock: monotonicClock(), log, houses, streetClock: clock, config, servers }
  try {
    const served: ServedHouse[] = []
    for (const house of config.houses) {
      const one = await serveHouse(house, wire)
      served.push(one)
      log.info({ ...one }, 'house served')
    }
    return {
      houses: served,
      stateOf: (name) => houses.of(name),
      stop: async () => {
        await closeAll(servers)
        await houses.stop()
      },
    }
  } catch (error) {
    await closeAll(servers)
    await houses.stop()
    throw error
  }
}

interface Wire {
  readonly config: SimulatorConfig
  readonly houses: Houses
  readonly streetClock: Clock
  readonly clock: Clock
  readonly log: Log
  readonly servers: WireServer[]
}

async function serveHouse(house: HouseConfig, wire: Wire): Promise<ServedHouse> {
  const { name, meterPort, inverterPort } = house
  const now = () => wire.houses.of(name)
  const meter = await open(meterPort, meterDevice(`${name}-meter`, DEVICE_UNIT_ID, now), wire)
  const inverter =
    inverterPort === undefined
      ? undefined
      : await open(inverterPort, inverterDevice(`${name}-inverter`, DEVICE_UNIT_ID, house, now), wire)
  return { name, meterPort: meter.port, inverterPort: inverter?.port }
}

/** A device on a port of its own, without faults. */
async function open(port: number, device: WireDevice, wire: Wire): Promise<WireServer> {
  const { clock, log, config, servers, streetClock } = wire
  const faults = new FaultBox(config.seed, clock)
  const warn = (fields: object, text: string) => log.warn(fields, text)
  const served = new ServedDevice(device, { faults, clockMs: () => streetClock.nowMs(), warn })
  const shared = { host: config.host, port, devices: [served], clock, faults, warn }
  const server = await serveModbusTcp({ ...shared, absent: 'exception' })
  servers.push(server)
  return server
}

async function closeAll(servers: WireServer[]): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.close()))
}

import { type Clock, Fault, monotonicClock } from '@wattfleet/protocol'
import type { HouseConfig, SimulatorConfig } from './config.ts'
import { type ControlServer, serveControl } from './control/server.ts'
import type { Flows, HouseState } from './core/house.ts'
import { FaultBox } from './faults/box.ts'
import { type Houses, type Log, startHouses } from './houses.ts'
import { listOf, pointsOf, type WireDevice } from './wire/device.ts'
import { inverterDevice } from './wire/inverter-registers.ts'
import type { WireOptions, WireServer } from './wire/listener.ts'
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
  readonly controlPort: number | undefined
  /** What goes wrong at the devices `<house>-meter` and `<house>-inverter`. */
  readonly faults: FaultBox
  /** What a house's devices show now. Throws RangeError for a name that is not served. */
  stateOf(name: string): { readonly state: HouseState; readonly flows: Flows }
  /** Stores the counters and closes every socket. Rejects with Fault `store` where that fails. */
  stop(): Promise<void>
}

/**
 * Starts the houses of a configuration behind their sockets; see `startHouses` for what their counters do. An aborted
 * `signal` cuts a long catch-up short. Rejects with Fault `store` (state), `transport` (a port) or `config` (a fault that
 * does not fit its device).
 */
export async function startSimulator(
  config: SimulatorConfig,
  clock: Clock,
  log: Log,
  signal?: AbortSignal,
): Promise<Simulator> {
  const { weather, temperature } = config
  const houses = await startHouses({ ...config, weather: { weather, temperature } }, clock, log, signal)
  const wireClock = monotonicClock()
  const warn = (fields: object, text: string) => log.warn(fields, text)
  const faults = new FaultBox(config.seed, wireClock)
  const wire: Wire = { config, houses, streetClock: clock, clock: wireClock, faults, warn, open: [], listed: [] }
  const stop = async () => {
    await Promise.all(wire.open.splice(0).map((one) => one.close()))
    await houses.stop()
  }
  try {
    const served: ServedHouse[] = []
    for (const house of config.houses) {
      const one = await serveHouse(house, wire)
      served.push(one)
      log.info({ ...one }, 'house served')
    }
    giveFaults(config, faults)
    const control = await openControl(wire)
    const stateOf = (name: string) => houses.of(name)
    return { houses: served, controlPort: control?.port, faults, stateOf, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Wire extends WireOptions {
  readonly config: SimulatorConfig
  readonly houses: Houses
  readonly streetClock: Clock
  readonly open: { close(): Promise<void> }[]
  /** What the control endpoint lists. */
  readonly listed: object[]
}

function giveFaults(config: SimulatorConfig, faults: FaultBox): void {
  for (const [i, spec] of config.faults.entries()) {
    const added = faults.add(spec)
    if (!added.ok) throw new Fault('config', `faults.${i}.${added.path}: ${added.message}`)
  }
}

async function openControl({ config, faults, warn, listed, open }: Wire): Promise<ControlServer | undefined> {
  if (config.control === undefined) return undefined
  const control = await serveControl({ ...config.control, faults, warn, devices: () => listed })
  open.push(control)
  return control
}

async function serveHouse(house: HouseConfig, wire: Wire): Promise<ServedHouse> {
  const { name, meterPort, inverterPort } = house
  const now = () => wire.houses.of(name)
  const meter = await serve(meterPort, meterDevice(`${name}-meter`, DEVICE_UNIT_ID, now), wire)
  const inverter =
    inverterPort === undefined
      ? undefined
      : await serve(inverterPort, inverterDevice(`${name}-inverter`, DEVICE_UNIT_ID, house, now), wire)
  return { name, meterPort: meter.port, inverterPort: inverter?.port }
}

/** A device on a port of its own. */
async function serve(port: number, device: WireDevice, wire: Wire): Promise<WireServer> {
  const { clock, config, faults, warn, streetClock } = wire
  faults.register(device.name, { carrier: 'modbus-tcp', points: pointsOf(device) })
  const devices = [new ServedDevice(device, { faults, clockMs: () => streetClock.nowMs(), warn })]
  const server = await serveModbusTcp({
    ...{ clock, faults, warn, port, devices },
    host: config.host,
    absent: 'exception',
  })
  wire.open.push(server)
  const where = `${config.host}:${server.port}`
  wire.listed.push({ name: device.name, unitId: device.unitId, transport: 'modbus-tcp', where, points: listOf(device) })
  return server
}

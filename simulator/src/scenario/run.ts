import { dirname } from 'node:path'
import { type Clock, Fault, monotonicClock } from '@wattfleet/protocol'
import { type ControlServer, serveControl } from '../control/server.ts'
import { FaultBox } from '../faults/box.ts'
import { type Houses, type Log, startHouses } from '../houses.ts'
import { listOf, pointsOf } from '../wire/device.ts'
import type { WireOptions } from '../wire/listener.ts'
import { serveRtuOnSerial } from '../wire/modbus-rtu-serial.ts'
import { serveRtuOverTcp } from '../wire/modbus-rtu-tcp.ts'
import { serveModbusTcp } from '../wire/modbus-tcp.ts'
import { paceOf, UNPACED } from '../wire/pace.ts'
import { ServedDevice } from '../wire/served-device.ts'
import { type BuiltDevice, buildDevices } from './build.ts'
import type { LineSpec, Scenario } from './schema.ts'

/** A line as it is served. */
export interface ServedLine {
  readonly name: string
  readonly transport: LineSpec['transport']
  /** `host:port`, or the path of a serial port. */
  readonly where: string
  /** Of a socket. */
  readonly port: number | undefined
  readonly devices: readonly { readonly name: string; readonly unitId: number }[]
}

export interface RunningScenario {
  readonly lines: readonly ServedLine[]
  readonly controlPort: number | undefined
  readonly faults: FaultBox
  readonly houses: Houses
  /** Closes everything. Rejects with Fault `store` where the counters of the houses cannot be stored. */
  stop(): Promise<void>
}

export interface RunOptions {
  /** The file, for messages; paths in it count from its folder. */
  readonly source: string
  /** Of the houses. */
  readonly clock: Clock
  readonly log: Log
  readonly signal?: AbortSignal
  /** Of delays, paces and faults; the system's monotonic one where it is left out. */
  readonly wireClock?: Clock
}

/**
 * Runs the devices of a file. Rejects with Fault `config` for a mistake in it, `transport` for a port that cannot be had,
 * `store` for the houses' counters; then nothing is left open.
 */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunningScenario> {
  const { source, clock, log, wireClock = monotonicClock() } = options
  let houses: Houses | undefined
  const built = buildDevices(scenario, source, dirname(source), {
    house: (name) => {
      if (houses === undefined) throw new Fault('internal', 'a device was asked before its house was there')
      return houses.of(name)
    },
    nowMs: () => clock.nowMs(),
    startedMs: clock.nowMs(),
  })
  const { seed, utcOffsetS, stateDir } = scenario
  const weather = { weather: scenario.weather, temperature: scenario.temperature, folder: dirname(source) }
  const settings = { houses: scenario.houses, seed, utcOffsetS, weather, stateDir }
  const started = await startHouses(settings, clock, log, options.signal)
  houses = started
  const warn = (fields: object, text: string) => log.warn(fields, text)
  const wire: WireOptions = { clock: wireClock, faults: new FaultBox(seed, wireClock), warn }
  const open: { close(): Promise<void> }[] = []
  const stop = async () => {
    await Promise.all(open.splice(0).map((one) => one.close()))
    await started.stop()
  }
  try {
    giveFaults(scenario, built, wire.faults)
    const lines: ServedLine[] = []
    for (const [name, spec] of Object.entries(scenario.lines)) {
      const own = built.filter(({ line }) => line === name).map(({ device }) => device)
      const served = own.map((device) => new ServedDevice(device, { ...wire, clockMs: () => clock.nowMs() }))
      const { where, port, close } = await serveLine(spec, served, wire)
      open.push({ close })
      const devices = own.map((device) => ({ name: device.name, unitId: device.unitId }))
      lines.push({ name, transport: spec.transport, where, port, devices })
    }
    const control = await serveControlOf(scenario, built, lines, wire)
    if (control !== undefined) open.push(control)
    return { lines, controlPort: control?.port, faults: wire.faults, houses: started, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function giveFaults(scenario: Scenario, built: readonly BuiltDevice[], faults: FaultBox): void {
  for (const { line, device } of built) {
    const spec = scenario.lines[line]
    if (spec !== undefined) faults.register(device.name, { carrier: spec.transport, points: pointsOf(device) })
  }
  for (const spec of scenario.faults) {
    const added = faults.add(spec)
    if (!added.ok) throw new Fault('config', `faults: ${added.path}: ${added.message}`)
  }
}

interface OpenLine {
  readonly where: string
  readonly port: number | undefined
  readonly close: () => Promise<void>
}

async function serveLine(spec: LineSpec, devices: readonly ServedDevice[], wire: WireOptions): Promise<OpenLine> {
  if (spec.transport === 'rtu-serial') {
    const server = await serveRtuOnSerial({ ...wire, ...spec, devices })
    return { where: spec.path, port: undefined, close: () => server.close() }
  }
  const { host, port } = spec
  const server =
    spec.transport === 'modbus-tcp'
      ? await serveModbusTcp({ ...wire, host, port, devices, absent: spec.absent })
      : await serveRtuOverTcp({
          ...{ ...wire, host, port, devices },
          pace: spec.baudRate === undefined ? UNPACED : paceOf({ ...spec, baudRate: spec.baudRate }),
        })
  return { where: `${host}:${server.port}`, port: server.port, close: () => server.close() }
}

async function serveControlOf(
  { control }: Scenario,
  built: readonly BuiltDevice[],
  lines: readonly ServedLine[],
  { faults, warn }: WireOptions,
): Promise<ControlServer | undefined> {
  if (control === undefined) return undefined
  const served = new Map(lines.map((line) => [line.name, line]))
  const listed = built.map(({ line, device }) => ({
    ...{ name: device.name, line, unitId: device.unitId },
    transport: served.get(line)?.transport,
    where: served.get(line)?.where,
    points: listOf(device),
  }))
  return serveControl({ faults, warn, devices: () => listed, port: control.port, token: control.token })
}

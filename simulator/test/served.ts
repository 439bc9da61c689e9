import type { PointTable, PointValues } from '@wattfleet/devices'
import { type Clock, monotonicClock } from '@wattfleet/protocol'
import { afterEach } from 'vitest'
import { FaultBox } from '../src/faults/box.ts'
import type { Carrier } from '../src/faults/check.ts'
import { faultSpec } from '../src/faults/spec.ts'
import { partsOf, pointsOf, type WireDevice } from '../src/wire/device.ts'
import type { WireOptions } from '../src/wire/listener.ts'
import { serveModbusTcp } from '../src/wire/modbus-tcp.ts'
import { ServedDevice } from '../src/wire/served-device.ts'

/** What is to be closed after each test, the last first. */
export const closing: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Input registers from 100 on, each a number that can be swapped and told from its neighbours. */
export const TABLE: PointTable = {
  power: { at: 100, as: 's32', notAvailable: [0x8000_0000n] },
  energy: { at: 102, as: 'u32', scale: 0.1 },
  small: { at: 104, as: 'u16' },
  ratio: { at: 105, as: 'f32' },
  clock: { at: 107, as: 'u32' },
}

export const VALUES: PointValues = { power: 70_000, energy: 12_345.6, small: 0x1234, ratio: 1.5, clock: 7 }

export function deviceOf(more: Partial<WireDevice> = {}): WireDevice {
  return {
    name: 'meter',
    unitId: 1,
    parts: partsOf({ kind: 'input', holes: 'readable', points: TABLE }),
    values: (clockMs) => ({ ...VALUES, clock: Math.floor(clockMs / 1000) }),
    ...more,
  }
}

export interface Bench {
  readonly faults: FaultBox
  readonly devices: readonly ServedDevice[]
  readonly wire: WireOptions
  readonly warnings: string[]
  /** Gives a fault, and says its id. */
  fault(spec: unknown): string
}

/** Devices with faults to be given, before anything serves them. */
export function bench(devices: readonly WireDevice[], carrier: Carrier, clock: Clock = monotonicClock()): Bench {
  const faults = new FaultBox(7, clock)
  const warnings: string[] = []
  const warn = (_: object, text: string) => void warnings.push(text)
  for (const device of devices) faults.register(device.name, { carrier, points: pointsOf(device) })
  return {
    faults,
    devices: devices.map((device) => new ServedDevice(device, { faults, clockMs: () => clock.nowMs(), warn })),
    wire: { clock, faults, warn },
    warnings,
    fault(spec) {
      const added = faults.add(faultSpec.parse({ device: 'meter', ...(spec as object) }))
      if (!added.ok) throw new Error(`${added.path}: ${added.message}`)
      return added.fault.id
    },
  }
}

/** Devices on Modbus TCP, on a free port. */
export async function onTcp(
  devices: readonly WireDevice[] = [deviceOf()],
  { absent = 'exception', clock }: { absent?: 'exception' | 'silence'; clock?: Clock } = {},
) {
  const made = bench(devices, 'modbus-tcp', clock)
  const server = await serveModbusTcp({ ...made.wire, host: '127.0.0.1', port: 0, devices: made.devices, absent })
  closing.push(() => server.close())
  return { ...made, server, port: server.port }
}

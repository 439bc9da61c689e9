import { characterMs } from '../core/plan.ts'
import type { DeviceModel } from '../core/points.ts'
import { answerBytes, REQUEST_BYTES } from '../core/rtu-frame.ts'
import type { RegisterRequest } from '../ports.ts'
import type { LineTarget, SerialFrame } from './target.ts'

/*
 * What a scan asks, in which order, and how long that takes at most. Pure: acting is in scan.ts.
 */

/** Baud rates in the order in which meters and inverters use them. */
export const BAUD_RATES = [9_600, 19_200, 38_400, 57_600, 115_200, 4_800, 2_400] as const
/** Framings in the order in which they are met. */
export const FRAMES: readonly SerialFrame[] = [
  { parity: 'none', stopBits: 1 },
  { parity: 'even', stopBits: 1 },
  { parity: 'none', stopBits: 2 },
]
/** Modbus TCP's own port, one of those that inverters use beside it, and that of many test servers and gateways. */
export const TCP_PORTS = [502, 1_502, 5_020] as const

/** Meters are numbered from 1 on a bus; few buses of a household have more than ten devices. */
const FIRST_UNITS = Array.from({ length: 10 }, (_, i) => i + 1)
/** What some leave the factory with: 126 SunSpec at inverters of SMA, 240 the meter behind a data manager of Fronius. */
const FACTORY_UNITS = [126, 240]
/** Modbus over Serial Line 1.02, 2.2: addresses of devices. */
export const MOST_UNIT = 247

/**
 * What every unit is asked. A device that has neither register answers with an exception, which proves it as well; some
 * are silent where they do not know a function, so that both are asked.
 */
export const PROBES: readonly Pick<RegisterRequest, 'kind' | 'at' | 'count'>[] = [
  { kind: 'input', at: 0, count: 2 },
  { kind: 'holding', at: 0, count: 2 },
]

/** How late a meter on a serial line may begin to answer a probe: most do within 50 ms, slow ones within 200. */
export const SERIAL_PROBE_MS = 300
/** How long a connection may take, and an answer over one: what a gateway needs to give a device up is more. */
export const TCP_PROBE_MS = 1_000
/** Addresses asked at a time: few enough for a household's router and its table of connections. */
export const MOST_AT_ONCE = 32
/** Opening and closing a serial port, and quiet before the first request. */
const OPEN_MS = 200
/** Silence before a frame and what a USB adapter adds to it. */
const GAP_MS = 30

/** One line with its settings, and the units asked on it. */
export interface ScanStep {
  readonly target: LineTarget
  readonly units: readonly number[]
  /** Longest wait for the beginning of an answer. */
  readonly timeoutMs: number
  /** The longest that it takes while nobody answers. */
  readonly mostMs: number
}

export interface ScanPlan {
  /** One after the other. */
  readonly serial: readonly ScanStep[]
  /** `MOST_AT_ONCE` at a time. Each is asked only if it accepts a connection. */
  readonly network: readonly ScanStep[]
  /** The longest that the serial lines take while nobody answers. */
  readonly serialMs: number
  /** The longest that it takes to find which addresses accept connections. */
  readonly knockMs: number
  /** The longest that one address takes that accepts a connection while nobody answers on it. */
  readonly openMs: number
}

/** A serial port, and what of its settings is known already. */
export interface SerialWish {
  readonly path: string
  readonly baudRate?: number | undefined
  readonly frame?: SerialFrame | undefined
}

export interface ScanWish {
  readonly serial: readonly SerialWish[]
  readonly network: readonly Exclude<LineTarget, { via: 'serial' }>[]
  readonly bauds: readonly number[]
  readonly frames: readonly SerialFrame[]
  readonly units: readonly number[]
  /** Where it is not the usual. */
  readonly timeoutMs?: number | undefined
}

/** Units asked where none are named: 1 to 10, then those that models leave the factory with. */
export function defaultUnits(models: readonly DeviceModel[]): number[] {
  const factory = models.map(({ unitId }) => unitId).filter((unit) => unit >= 1 && unit <= MOST_UNIT)
  return [...new Set([...FIRST_UNITS, ...factory.sort((a, b) => a - b), ...FACTORY_UNITS])]
}

/** The longest that one request on a serial line takes while nobody answers. */
function serialRequestMs({ baudRate, parity, stopBits }: Extract<LineTarget, { via: 'serial' }>, timeoutMs: number) {
  const bytes = REQUEST_BYTES + Math.max(...PROBES.map((asked) => answerBytes({ unitId: 1, ...asked })))
  return bytes * characterMs(baudRate, parity, stopBits) + timeoutMs + GAP_MS
}

function serialSteps(wish: ScanWish, timeoutMs: number): ScanStep[] {
  const { units } = wish
  return wish.serial.flatMap(({ path, baudRate: known, frame: knownFrame }) =>
    (known === undefined ? wish.bauds : [known]).flatMap((baudRate) =>
      (knownFrame === undefined ? wish.frames : [knownFrame]).map((frame): ScanStep => {
        const target = { via: 'serial', path, baudRate, ...frame } as const
        const mostMs = OPEN_MS + units.length * PROBES.length * serialRequestMs(target, timeoutMs)
        return { target, units, timeoutMs, mostMs: Math.ceil(mostMs) }
      }),
    ),
  )
}

/** What a scan asks. Unit ids outside 1 to 247 are the caller's mistake: RangeError. */
export function planScan(wish: ScanWish): ScanPlan {
  const { units } = wish
  const wrong = units.find((unit) => !Number.isInteger(unit) || unit < 1 || unit > MOST_UNIT)
  if (wrong !== undefined) throw new RangeError(`there is no unit ${wrong}: 1 to ${MOST_UNIT}`)
  const serial = serialSteps(wish, wish.timeoutMs ?? SERIAL_PROBE_MS)
  const timeoutMs = wish.timeoutMs ?? TCP_PROBE_MS
  // after silence the connection is made anew
  const openMs = units.length * PROBES.length * (2 * timeoutMs + GAP_MS)
  return {
    serial,
    network: wish.network.map((target) => ({ target, units, timeoutMs, mostMs: openMs })),
    serialMs: serial.reduce((sum, { mostMs }) => sum + mostMs, 0),
    knockMs: Math.ceil(wish.network.length / MOST_AT_ONCE) * timeoutMs,
    openMs,
  }
}

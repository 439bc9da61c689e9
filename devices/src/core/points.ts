/**
 * Device models are data: a table of points, each saying where its registers are and what they mean. One decoder and
 * one encoder serve every model.
 */

/** How the registers of a point hold its value. */
export const REGISTER_TYPES = ['u16', 's16', 'u32', 's32', 'u64', 's64', 'f32', 'f64', 'string'] as const
export type RegisterType = (typeof REGISTER_TYPES)[number]

/** Drawn from the grid, fed into it; into a battery, out of it; given by an inverter, drawn by it. */
export const POSITIVE_DIRECTIONS = ['import', 'export', 'charge', 'discharge', 'generate', 'consume'] as const
export type PositiveDirection = (typeof POSITIVE_DIRECTIONS)[number]

/** Function 4 reads input registers, function 3 holding registers. */
export type RegisterKind = 'input' | 'holding'

export interface Point {
  /** First register, counted from 0 as on the wire; in a SunSpec model, from the register that holds the model's id. */
  readonly at: number
  readonly as: RegisterType
  /** Registers of a string; other types know their own. */
  readonly words?: number
  /** Where it is not the model's. */
  readonly kind?: RegisterKind
  /** Which register of several holds the most significant bits. Without it the first. */
  readonly wordOrder?: 'first' | 'last'
  /** Whether the two bytes of each register are swapped against the protocol's order, high byte first. */
  readonly bytesSwapped?: boolean
  /** What one count is worth in the point's unit. Without it 1. */
  readonly scale?: number
  readonly unit?: string
  /** Code of IEC 62056-6-1 where the point is one of its quantities. */
  readonly obis?: string
  /** Which direction of a signed power is positive. */
  readonly positive?: PositiveDirection
  /** The point that holds this one's power of ten; both are read in one request, because a device may change it. */
  readonly scaleFactor?: string
  /** The raw bits that mean "not available"; floats have NaN besides. Several where firmwares differ. */
  readonly notAvailable?: readonly bigint[]
  /** What the codes of an enumeration mean. */
  readonly states?: Readonly<Record<number, string>>
  /** What the bits of a bit field mean, the least significant is 0. */
  readonly bits?: Readonly<Record<number, string>>
  /** The least and most that the figure can be, in the point's unit: beyond it is implausible. */
  readonly least?: number
  readonly most?: number
}

export type PointTable = Readonly<Record<string, Point>>

/** What a model's device is to a household. */
export const DEVICE_CATEGORIES = ['grid-meter', 'inverter', 'hybrid-inverter', 'battery'] as const
export type DeviceCategory = (typeof DEVICE_CATEGORIES)[number]

/** What a serial line must be set to where nobody changed the device. */
export interface SerialDefaults {
  readonly baudRate: number
  readonly parity: 'none' | 'even' | 'odd'
  readonly stopBits: 1 | 2
}

/** As most meters leave the factory. */
export const USUAL_SERIAL: SerialDefaults = { baudRate: 9_600, parity: 'none', stopBits: 1 }

/** A register that tells the model from others, and what it holds there. */
export interface Mark {
  readonly point: string
  readonly oneOf: readonly (number | string)[]
}

/** What a model can be told, by the set-points' names: a limit of the power and its end, and what the battery does. */
export const CONTROL_NAMES = [
  'powerLimit',
  'noPowerLimit',
  'batteryAuto',
  'batteryHold',
  'batteryCharge',
  'batteryChargeFromGrid',
  'batteryDischarge',
] as const
export type ControlName = (typeof CONTROL_NAMES)[number]

/** What is written to one point. */
export interface ControlWrite {
  readonly point: string
  /** In the point's unit; `percent`: the percentage that is asked for; `timer`: the seconds that it may stand. */
  readonly to: number | 'percent' | 'timer'
  /** The point of whose figure `to` is a percentage, such as the battery's rated power. */
  readonly of?: string
}

export interface Control {
  /** All of them hold before anything is written: what only an installer should change. */
  readonly requires?: readonly Mark[]
  /**
   * In this order, each in a request of its own: the device's timer before, what puts it in force last; of what takes a
   * set-point back that first.
   */
  readonly writes: readonly ControlWrite[]
}

export type ModelControls = Readonly<Partial<Record<ControlName, Control>>>

export interface DeviceModel {
  /** Its file's name, such as `eastron-sdm630`. */
  readonly id: string
  readonly maker: string
  readonly name: string
  readonly category: DeviceCategory
  /** The public documents and permissively licensed packages that the registers are from. */
  readonly sources: readonly string[]
  /** What an installer should know. */
  readonly notes?: readonly string[]
  readonly kind: RegisterKind
  readonly unitId: number
  readonly serial?: SerialDefaults
  /** Most registers that the device answers in one request. */
  readonly maxRegisters: number
  /** Whether it answers registers between its points; where it does not, no request reaches across a hole. */
  readonly holes: 'readable' | 'rejected'
  /** All of them hold where the device is of this model; none where nothing tells it apart. */
  readonly marks: readonly Mark[]
  readonly points: PointTable
  /** Set-points that may be written where the operator allows it; absent: the model is read and nothing else. */
  readonly controls?: ModelControls
}

const WORDS = { u16: 1, s16: 1, u32: 2, s32: 2, f32: 2, u64: 4, s64: 4, f64: 4 } as const

/** How many registers a point takes. */
export function wordsOf(point: Pick<Point, 'as' | 'words'>): number {
  return point.as === 'string' ? (point.words ?? 1) : WORDS[point.as]
}

/** Registers from 0 that hold all points of a table: up to the end of the last. */
export function lengthOf(table: PointTable): number {
  return Math.max(0, ...Object.values(table).map((point) => point.at + wordsOf(point)))
}

export function pointOf(table: PointTable, name: string): Point {
  const point = table[name]
  if (point === undefined) throw new RangeError(`the model has no point ${name}`)
  return point
}

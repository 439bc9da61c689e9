import { type DirectiveAnswer, parseAnswer, parseReason } from './down/directive.ts'
import { parseObject } from './down/envelope.ts'
import { allOf, type Body, hex, natural, oneOf } from './down/fields.ts'
import { VERSION } from './release.ts'

/** What a gateway says of itself, unsigned (its certificate vouches for it): once a slot, and at once when something changed. */
export interface Status {
  /** Public key in force, hex. */
  readonly gateway: string
  readonly epoch: number
  /** The connection that it is said on, see death.ts; a gateway of an older version says none. */
  readonly session?: number
  /** The last notice seen without a gap; the hub sends what came after. */
  readonly lastNotice: number
  /** The gateway's clock, UTC Unix milliseconds. */
  readonly clockMs: number
  /** `doubted`: it has jumped, and nothing is signed until it has stood or gone back. */
  readonly clock: 'trusted' | 'doubted'
  /** `missing`: the meter cannot be read now. */
  readonly meter: 'good' | 'missing'
  /** Power at the grid connection now, W; import and export are two figures, at most one above zero. */
  readonly importW: number
  readonly exportW: number
  /** What was found about the devices within the last day, such as `import-counter-stuck` or `phase-2-reversed`; sorted. */
  readonly findings: readonly string[]
  /** Of the software. This and what follows a gateway of an older version does not say. */
  readonly version?: string
  /** The counter of the configuration from afar that is in force, 0 for none. */
  readonly config?: number
  /** What became of the last configuration and the last command from afar. */
  readonly lastConfig?: DirectiveAnswer
  readonly lastCommand?: DirectiveAnswer
  readonly devices?: DeviceSources
}

export const DEVICE_SOURCES = [
  'file', // the gateway's own, which the installer wrote
  'grant', // the utility's list, as the grant brought it
  'afar', // a configuration that was rolled out
  'none', // nothing that can be used: nothing is read
] as const
export type DeviceSource = (typeof DEVICE_SOURCES)[number]

/** Whose word about its devices a gateway goes by. */
export interface DeviceSources {
  readonly meter: DeviceSource
  readonly inverter: DeviceSource
  /** For people: what is missing, or wrong with what the grant brought, with its path and what was expected. */
  readonly reason?: string
}

/** A gateway has two counters, three phases and a handful of things that can be wrong with each. */
const MOST_FINDINGS = 32
const FINDING = /^[a-z0-9]+(-[a-z0-9]+){0,7}$/

/** None where a gateway of an older version says nothing of them. */
function findingsOf(value: unknown): readonly string[] | undefined {
  if (value === undefined) return []
  const all = Array.isArray(value) && value.length <= MOST_FINDINGS
  return all && value.every((one) => typeof one === 'string' && one.length <= 64 && FINDING.test(one))
    ? value
    : undefined
}

export function encodeStatus(status: Status): Uint8Array {
  return Buffer.from(JSON.stringify(status), 'utf8')
}

/** The status in this payload; undefined for anything else. */
export function decodeStatus(payload: Uint8Array): Status | undefined {
  const body = parseObject(Buffer.from(payload).toString('utf8'))
  const fromAfar = body && fromAfarOf(body)
  const session = body && natural(body, 'session')
  if (body !== undefined && 'session' in body && session === undefined) return undefined
  const said =
    body &&
    allOf({
      gateway: hex(body, 'gateway', 32),
      epoch: natural(body, 'epoch'),
      ...(session !== undefined && { session }),
      lastNotice: natural(body, 'lastNotice'),
      clockMs: natural(body, 'clockMs'),
      clock: 'clock' in body ? oneOf(body, 'clock', ['trusted', 'doubted']) : ('trusted' as const),
      meter: oneOf(body, 'meter', ['good', 'missing']),
      importW: natural(body, 'importW'),
      exportW: natural(body, 'exportW'),
      findings: findingsOf(body.findings),
    })
  return said && fromAfar && { ...said, ...fromAfar }
}

type FromAfar = Pick<Status, 'version' | 'config' | 'lastConfig' | 'lastCommand' | 'devices'>

/** What a gateway says of its software and of what the utility told it; undefined where a field of it is wrong. */
function fromAfarOf(body: Body): FromAfar | undefined {
  const { version } = body
  const isVersion = version === undefined || (typeof version === 'string' && VERSION.test(version))
  const fields = {
    ...('config' in body && { config: natural(body, 'config') }),
    ...('lastConfig' in body && { lastConfig: parseAnswer(body.lastConfig) }),
    ...('lastCommand' in body && { lastCommand: parseAnswer(body.lastCommand) }),
    ...('devices' in body && { devices: devicesOf(body.devices) }),
  }
  return isVersion ? allOf({ ...fields, ...(version !== undefined && { version }) }) : undefined
}

function devicesOf(value: unknown): DeviceSources | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const body = value as Body
  const sources = allOf({
    meter: oneOf(body, 'meter', DEVICE_SOURCES),
    inverter: oneOf(body, 'inverter', DEVICE_SOURCES),
  })
  if (sources === undefined || body.reason === undefined) return sources
  const reason = parseReason(body.reason)
  return reason === undefined ? undefined : { ...sources, reason }
}

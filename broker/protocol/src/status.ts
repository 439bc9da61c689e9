import { parseObject } from './down/envelope.ts'
import { allOf, hex, natural, oneOf } from './down/fields.ts'

/** What a gateway says of itself, unsigned (its certificate vouches for it): once a slot, and at once when something changed. */
export interface Status {
  /** Public key in force, hex. */
  readonly gateway: string
  readonly epoch: number
  /** The last notice seen without a gap; the hub sends what came after. */
  readonly lastNotice: number
  /** The gateway's clock, UTC Unix milliseconds. */
  readonly clockMs: number
  /** `missing`: the meter cannot be read now. */
  readonly meter: 'good' | 'missing'
  /** Power at the grid connection now, W; import and export are two figures, at most one above zero. */
  readonly importW: number
  readonly exportW: number
}

export function encodeStatus(status: Status): Uint8Array {
  return Buffer.from(JSON.stringify(status), 'utf8')
}

/** The status in this payload; undefined for anything else. */
export function decodeStatus(payload: Uint8Array): Status | undefined {
  const body = parseObject(Buffer.from(payload).toString('utf8'))
  return (
    body &&
    allOf({
      gateway: hex(body, 'gateway', 32),
      epoch: natural(body, 'epoch'),
      lastNotice: natural(body, 'lastNotice'),
      clockMs: natural(body, 'clockMs'),
      meter: oneOf(body, 'meter', ['good', 'missing']),
      importW: natural(body, 'importW'),
      exportW: natural(body, 'exportW'),
    })
  )
}

import type { PlacedPoint } from '../wire/device.ts'
import type { FaultSpec } from './spec.ts'

/** What carries the frames of a device. */
export type Carrier = 'modbus-tcp' | 'rtu-tcp' | 'rtu-serial'

/** What a fault is checked against. */
export interface Target {
  readonly carrier: Carrier
  readonly points: ReadonlyMap<string, PlacedPoint>
}

function carrierFault({ kind }: FaultSpec, carrier: Carrier): string | undefined {
  if (kind === 'wrongTransaction' && carrier !== 'modbus-tcp') return 'only Modbus TCP has transactions'
  if (kind === 'badCrc' && carrier === 'modbus-tcp') return 'Modbus TCP has no CRC'
  const needsSocket = kind === 'refused' || kind === 'reset' || kind === 'halfOpen'
  return needsSocket && carrier === 'rtu-serial' ? 'a serial line has no connections' : undefined
}

function pointFault({ kind }: FaultSpec, name: string, { point, words }: PlacedPoint): string | undefined {
  const isFloat = point.as === 'f32' || point.as === 'f64'
  switch (kind) {
    case 'notAvailable':
      return isFloat || point.notAvailable !== undefined ? undefined : `${name} has no bits that mean "not available"`
    case 'wordSwapped':
      return words > 1 ? undefined : `${name} is one register: it has no words to swap`
    case 'counterReset':
    case 'counterJump':
    case 'counterRollover':
      return point.as === 'string' ? `${name} is a text, not a counter` : undefined
    default:
      return undefined
  }
}

/** What of a fault does not fit the device that it is for; undefined where all does. */
export function misfitOf(
  spec: FaultSpec,
  target: Target | undefined,
): { readonly path: string; readonly message: string } | undefined {
  if (target === undefined) return { path: 'device', message: `there is no device "${spec.device}"` }
  const wrongCarrier = carrierFault(spec, target.carrier)
  if (wrongCarrier !== undefined) return { path: 'kind', message: `"${spec.kind}": ${wrongCarrier}` }
  const names = 'point' in spec ? [spec.point] : 'points' in spec ? (spec.points ?? []) : []
  const path = 'point' in spec ? 'point' : 'points'
  for (const name of names) {
    const placed = target.points.get(name)
    if (placed === undefined) {
      const some = [...target.points.keys()].slice(0, 12).join(', ')
      return {
        path,
        message: `"${spec.device}" has no point "${name}"; it has ${some}${target.points.size > 12 ? ', …' : ''}`,
      }
    }
    const fault = pointFault(spec, name, placed)
    if (fault !== undefined) return { path, message: fault }
  }
  return undefined
}

import type { PointTable } from '../core/points.ts'
import { QUANTITIES, type Quantity } from '../core/quantities.ts'

/** Signed powers of which one has to know which direction is positive: without it money flows the wrong way. */
const DIRECTED = /^(totalPower|powerL[123]|batteryPower)$/

/**
 * What is wrong with points that bear a name which means the same in every model: another unit or OBIS code than that
 * quantity has, or a signed power that does not say its direction. Each as path and expectation.
 */
export function quantityFaults(points: PointTable): string[] {
  return Object.entries(points).flatMap(([name, { as, unit, obis, positive }]) => {
    const quantity = Object.hasOwn(QUANTITIES, name)
      ? (QUANTITIES as Readonly<Record<string, Quantity>>)[name]
      : undefined
    if (quantity === undefined) return []
    const faults: string[] = []
    if (unit === undefined || !quantity.units.includes(unit)) {
      faults.push(`points.${name}.unit: expected ${quantity.units.join(' or ')}, got ${unit ?? 'none'}`)
    }
    if (obis !== quantity.obis) {
      faults.push(`points.${name}.obis: expected ${quantity.obis ?? 'none'}, got ${obis ?? 'none'}`)
    }
    const isSigned = as !== 'string' && !as.startsWith('u')
    if (DIRECTED.test(name) && isSigned && positive === undefined) {
      faults.push(`points.${name}.positive: expected which direction is positive, such as "import"`)
    }
    return faults
  })
}

import { encodeImage, type PointValues } from '../../src/core/encode.ts'
import { laidLength, layOut } from '../../src/sunspec/model.ts'
import { knownSunSpec, SUNSPEC_END, SUNSPEC_MARKER } from '../../src/sunspec/models.ts'
import { imageFrom } from '../tcp-device.ts'

/**
 * The registers of a published model, its repeating groups left out, that hold these values. Scale factors that are not given
 * are 0, points that are not given "not available".
 */
export function modelImage(id: number, values: PointValues): number[] {
  const model = knownSunSpec(id)
  const words = laidLength(model, () => 0)
  const table = layOut(model, words - 2, () => 0)
  const factors = Object.entries(model.points).filter(([, { type }]) => type === 'sunssf')
  const unscaled = Object.fromEntries(factors.map(([name]) => [name, 0] as const))
  return [...encodeImage(table, { ...unscaled, ID: id, L: words - 2, ...values }, words)]
}

/** What a SunSpec device holds from `base` on: its marker, these models in their order, and the list's end. */
export function sunSpecImage(models: readonly (readonly number[])[], base = 40_000): Map<number, number> {
  return imageFrom([base, [...SUNSPEC_MARKER, ...models.flat(), SUNSPEC_END, 0]])
}

import { expect, it } from 'vitest'
import { registersOf } from '../../src/wire/device.ts'
import { sunSpecParts, sunSpecValues } from '../../src/wire/sunspec-device.ts'

it('lists models with the groups that they have once, and counts those that repeat', () => {
  const models = { 1: {}, 160: { parts: 2 }, 704: {}, 705: { parts: 2 } }
  const words = registersOf(sunSpecParts(models, 40_000), sunSpecValues(models)).flatMap((run) => [...run.words])
  const found: number[][] = []
  let at = 2
  for (; words[at] !== 0xffff; at += 2 + (words[at + 1] ?? 0)) found.push([words[at] ?? 0, words[at + 1] ?? 0])
  // the lengths of the published models; of 160 and 705 with two inputs, and two curves of two points
  expect(found).toEqual([
    [1, 66],
    [160, 8 + 2 * 20],
    [704, 65],
    [705, 13 + 2 * (10 + 2 * 2)],
  ])
  expect(words.slice(at)).toEqual([0xffff, 0])
  const curves = 2 + 68 + 50 + 67
  expect(words[curves]).toBe(705)
  // NPt and NCrv
  expect([words[curves + 5], words[curves + 6]]).toEqual([2, 2])
})

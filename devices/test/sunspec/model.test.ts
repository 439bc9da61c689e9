import { describe, expect, it } from 'vitest'
import { laidLength, layOut } from '../../src/sunspec/model.ts'
import { knownSunSpec } from '../../src/sunspec/models.ts'

/** Two curves or inputs, three points in each curve. */
const countOf = (point: string) => (point === 'NPt' ? 3 : 2)

/** Where these points of a model are, its groups laid out in `length` registers behind id and length. */
const placesOf = (id: number, length: number, names: readonly string[]) => {
  const table = layOut(knownSunSpec(id), length, countOf)
  return Object.fromEntries(names.map((name) => [name, table[name]?.at]))
}

// by hand from the published models: ids and lengths count, groups follow each other
describe('the groups of a SunSpec model', () => {
  it.each([
    {
      what: 'that are there once follow each other',
      id: 704,
      length: 65,
      at: { 'PFWInj.PF': 59, 'PFWInj.Ext': 60, 'PFWInjRvrt.PF': 61, 'PFWAbs.PF': 63, 'PFWAbsRvrt.Ext': 66 },
    },
    {
      what: 'that a point counts are there so often',
      id: 705,
      length: 45,
      at: { 'Crv1.ActPt': 15, 'Crv1.Pt1.V': 25, 'Crv1.Pt3.Var': 30, 'Crv2.ActPt': 31, 'Crv2.Pt3.Var': 46 },
    },
    {
      what: 'stand in each other, once and counted',
      id: 707,
      length: 69,
      at: {
        ...{ 'Crv1.ReadOnly': 9, 'Crv1.MustTrip.ActPt': 10, 'Crv1.MustTrip.Pt3.Tms': 18, 'Crv1.MayTrip.ActPt': 20 },
        ...{ 'Crv1.MomCess.Pt3.V': 37, 'Crv2.ReadOnly': 40, 'Crv2.MomCess.Pt3.Tms': 69 },
      },
    },
    {
      what: 'that nothing counts are there as often as the length has room',
      id: 160,
      length: 68,
      at: { 'module1.ID': 10, 'module3.DCEvt': 68, 'module4.ID': undefined },
    },
  ])('$what: $id', ({ id, length, at }) => {
    expect(placesOf(id, length, Object.keys(at))).toEqual(at)
  })

  it.each([
    [103, 52],
    [704, 67],
    [705, 47],
    [707, 71],
    // its inputs are not counted by a point: none by itself
    [160, 10],
  ])('make model %i take %i registers', (id, registers) => {
    expect(laidLength(knownSunSpec(id), countOf)).toBe(registers)
  })
})

import { describe, expect, it } from 'vitest'
import { parseExpression } from '../../src/scenario/expression.ts'

const names = { importW: 1_000, exportW: 250, t: 3 }
const value = (text: string) => parseExpression(text, Object.keys(names))(names)

describe('an expression', () => {
  it.each([
    ['42', 42],
    ['1.5e3', 1_500],
    ['.5', 0.5],
    ['importW - exportW', 750],
    ['10 - 4 - 3', 3],
    ['2 + 3 * 4', 14],
    ['(2 + 3) * 4', 20],
    ['24 / 4 / 2', 3],
    ['7 % 4 * 2', 6],
    ['-t + 1', -2],
    ['--t', 3],
    ['2 * -t', -6],
    ['max(0, exportW - importW)', 0],
    ['min(1, 2, t)', 1],
    ['round(10 * sin(t) / t) / 10', 0],
    ['  abs( -t )  ', 3],
  ])('%s is %d', (text, expected) => {
    expect(value(text)).toBe(expected)
  })

  it.each([
    ['', /the end/],
    ['1 +', /the end/],
    ['1 2', /did not expect 2/],
    ['(1', /the end/],
    ['1)', /did not expect \)/],
    ['x', /there is no x; there are importW/],
    ['constructor', /there is no constructor/],
    ['constructor(1)', /there is no function constructor; there are abs/],
    ['importW(1)', /there is no function importW/],
    ['max()', /did not expect \)/],
    ['1 ** 2', /did not expect \*/],
    ['a.b', /there is no a|cannot read/],
    ['process', /there is no process/],
    ['1; 2', /cannot read "; 2"/],
    ['('.repeat(60), /too many brackets/],
  ])('%s is none', (text, expected) => {
    expect(() => value(text)).toThrow(expected)
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CASES } from './suite.ts'
import { TABLE, tableMarkdown } from './table.ts'

const DOCUMENT = join(import.meta.dirname, '../../../docs/broker-engines.md')

describe('the table of differences', () => {
  it('has a row for every case, and none without one', () => {
    expect(Object.keys(TABLE).sort()).toEqual(Object.keys(CASES).sort())
  })

  it('names no difference that is none, and something that makes up for each', () => {
    for (const { outcome, otherwise = {} } of Object.values(TABLE)) {
      for (const difference of Object.values(otherwise)) {
        expect(difference.outcome).not.toBe(outcome)
        expect(difference.madeUpBy).not.toBe('')
      }
    }
  })

  it('is what docs/broker-engines.md shows', () => {
    const text = readFileSync(DOCUMENT, 'utf8')
    const shown = /<!-- table -->\n([\s\S]*)<!-- \/table -->/.exec(text)?.[1]
    expect(shown?.trim(), `between the marks of ${DOCUMENT}`).toBe(tableMarkdown().trim())
  })
})

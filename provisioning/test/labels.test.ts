import { X509Certificate } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { parseClaimText, sha256, toHex } from '@wattfleet/protocol'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimPath } from '../src/claims.ts'
import { labelsOf } from '../src/labels/labels.ts'
import { pdfOf } from '../src/labels/pdf.ts'
import { modulesOf, sheetsOf } from '../src/labels/sheet.ts'
import { AT_MS, type TestOffice, testOffice } from './fixtures/office.ts'

describe('labels', () => {
  let office: TestOffice
  beforeEach(async () => {
    office = await testOffice(3)
  })
  afterEach(() => office.close())

  const labels = ({ nowMs = AT_MS, household = false } = {}) =>
    labelsOf(office.store, office.claims.claimsDir, office.store.sites(), { nowMs, household })

  it('say what the claim file says, with the CA as its fingerprint', () => {
    const { labels: made, without } = labels()
    expect(without).toEqual([])
    expect(made.map(({ serial, lines }) => [serial, ...lines])).toEqual(
      ['pi-1', 'pi-2', 'pi-3'].map((serial) => [serial, '127.0.0.1:8443', 'valid until 2027-02-21']),
    )
    const caFingerprint = toHex(sha256(new X509Certificate(office.authority.caPem).raw))
    const { claim, url } = office.claim(1)
    expect(parseClaimText(made[1]?.code ?? '')).toEqual({ ok: true, claim: { url, claim, caFingerprint } })
  })

  it('name the household only where that is asked for', () => {
    const printed = (household: boolean) => JSON.stringify(labels({ household }))
    expect([printed(false).includes('House 2'), printed(true).includes('House 2')]).toEqual([false, true])
  })

  it('are not made of a claim that is dead, missing or too old', () => {
    const [first, second, third] = ['pi-1', 'pi-2', 'pi-3'].map((serial) => claimPath(office.claims.claimsDir, serial))
    writeFileSync(first ?? '', JSON.stringify({ ...office.claim(0), claim: office.claim(1).claim }))
    writeFileSync(second ?? '', 'nothing')
    const { labels: made, without } = labels()
    expect(made.map(({ serial }) => serial)).toEqual(['pi-3'])
    expect(without).toEqual([
      { serial: 'pi-1', reason: `${first} is not the claim in force: reissue it` },
      { serial: 'pi-2', reason: `${second} is not a claim` },
    ])
    const late = labels({ nowMs: AT_MS + 91 * 86_400_000 })
    expect(late.without.at(-1)).toEqual({ serial: 'pi-3', reason: 'its claim has expired: reissue it' })
    rmSync(third ?? '')
    expect(labels().without.at(-1)?.reason).toBe(`there is no ${third}: it goes when its claim was used, or is over`)
  })

  it('are told their certificate authority by the service', async () => {
    const { port } = office.server
    const response = await fetchPlain(`https://127.0.0.1:${port}/v1/ca`, office.authority.caPem)
    expect(response).toBe(office.authority.caPem)
  })
})

async function fetchPlain(url: string, ca: string): Promise<string> {
  const { request } = await import('node:https')
  return new Promise((resolve, reject) => {
    request(url, { ca }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })
}

describe('a sheet', () => {
  const label = (n: number) => ({ serial: `pi-${n}`, code: `wattfleet:${n}`, lines: ['one', 'two'] })
  const many = (count: number) => Array.from({ length: count }, (_, n) => label(n))

  it.each<[number, number, number[]]>([
    [0, 0, []],
    [1, 0, [1]],
    [24, 0, [24]],
    [25, 0, [24, 1]],
    [25, 20, [4, 21]],
    [1, 30, [0, 1]],
  ])('has 24 labels: %i of them behind %i that are used', (count, skip, onPages) => {
    expect(sheetsOf(many(count), undefined, skip).map(({ squares }) => squares.length)).toEqual(onPages)
  })

  it('keeps everything on the paper, and codes apart from what is beside them', () => {
    fc.assert(
      fc.property(
        fc.record({ columns: fc.integer({ min: 1, max: 4 }), rows: fc.integer({ min: 1, max: 9 }) }),
        fc.string({ minLength: 1, maxLength: 64, unit: fc.constantFrom(...'ABC-09') }),
        (grid, serial) => {
          const [page] = sheetsOf([...many(grid.columns * grid.rows - 1), { ...label(1), serial }], grid)
          for (const [at, { xPt, yPt, sidePt }] of page?.squares.entries() ?? []) {
            expect(Math.min(xPt, yPt)).toBeGreaterThan(11)
            expect(xPt + sidePt).toBeLessThan(595)
            expect(yPt + sidePt).toBeLessThan(842)
            const next = page?.squares[at + 1]
            if (next && next.yPt === yPt) expect(next.xPt - xPt - sidePt).toBeGreaterThan(22)
          }
          for (const { text, xPt, yPt, sizePt, font } of page?.texts ?? []) {
            expect(yPt).toBeGreaterThan(0)
            if (font === 'mono') expect(xPt + text.length * 0.6 * sizePt).toBeLessThan(595.3)
          }
        },
      ),
    )
  })

  it('of labels that are too small for a code is refused', () => {
    expect(() => sheetsOf(many(1), { columns: 5, rows: 13 })).toThrow(/--grid: expected labels with room/)
  })

  it('draws finder patterns in three corners', () => {
    const rows = modulesOf('wattfleet:1')
    const last = rows.length - 1
    const finder = [true, true, true, true, true, true, true, false]
    expect(rows[0]?.slice(0, 8)).toEqual(finder)
    expect(rows[last]?.slice(0, 8)).toEqual(finder)
    expect(rows[0]?.slice(-8).reverse()).toEqual(finder)
  })
})

describe('a PDF', () => {
  const text = { text: 'a (b) \\ Müh\u0141', font: 'regular', sizePt: 9, xPt: 10.12345, yPt: 20 } as const
  const rows = [
    [true, true],
    [false, true],
  ]
  const bytes = Buffer.from(pdfOf([{ texts: [text], squares: [{ rows, xPt: 1, yPt: 2, sidePt: 10 }] }]))

  it('points to each of its objects', () => {
    const whole = bytes.toString('latin1')
    const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(whole)?.[1])
    expect(whole.slice(start, start + 5)).toBe('xref\n')
    const offsets = [...whole.slice(start).matchAll(/^(\d{10}) 00000 n $/gm)].map(([, offset]) => Number(offset))
    expect(offsets).toHaveLength(7)
    for (const [at, offset] of offsets.entries()) expect(whole.slice(offset)).toMatch(new RegExp(`^${at + 1} 0 obj\n`))
  })

  it('holds the squares from the lower left and the text escaped', () => {
    const from = bytes.indexOf('stream\n') + 'stream\n'.length
    const content = inflateSync(bytes.subarray(from)).toString('latin1')
    expect(content.split('\n')).toEqual([
      ...['q', '5 0 0 5 1 2 cm', '0 1 2 1 re', '1 0 1 1 re', 'f', 'Q'],
      'BT /regular 9 Tf 10.123 20 Td (a \\(b\\) \\\\ Müh?) Tj ET',
    ])
  })
})

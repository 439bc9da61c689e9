import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { modelIds } from '../../src/index.ts'
import { temporaryFolder } from '../temporary.ts'
import { ran } from './captured.ts'

function file(name: string, points: object): string {
  const path = join(temporaryFolder(), name)
  const head = {
    maker: 'Maker',
    name: 'M1',
    category: 'grid-meter',
    sources: ['a document'],
    kind: 'holding',
    unitId: 1,
  }
  writeFileSync(path, JSON.stringify({ ...head, maxRegisters: 60, holes: 'rejected', marks: [], points }))
  return path
}

const good = { importEnergy: { at: 0, as: 'u32', unit: 'kWh', obis: '1.8.0' } }

it('finds nothing wrong with the models that ship', async () => {
  const files = modelIds().map((id) => new URL(`../../models/${id}.json`, import.meta.url).pathname)
  const { code, out } = await ran(`check ${files.join(' ')}`)
  expect(out.match(/ good$/gm)).toHaveLength(files.length)
  expect(code).toBe(0)
})

it.each([
  { what: 'an address', points: { a: { at: '40x', as: 'u16' } }, path: 'points.a.at', expected: 'expected a number' },
  {
    what: 'two points on one register',
    points: { a: { at: 0, as: 'u32' }, b: { at: 1, as: 'u16' } },
    path: 'points.b',
    expected: 'register 1 is already part of "a"',
  },
  {
    what: 'another unit',
    points: { importEnergy: { ...good.importEnergy, unit: 'kvarh' } },
    path: 'points.importEnergy.unit',
    expected: 'expected Wh or kWh or MWh, got kvarh',
  },
  {
    what: 'another OBIS code',
    points: { importEnergy: { ...good.importEnergy, obis: '2.8.0' } },
    path: 'points.importEnergy.obis',
    expected: 'expected 1.8.0, got 2.8.0',
  },
  {
    what: 'a power without a direction',
    points: { totalPower: { at: 0, as: 's32', unit: 'W', obis: '16.7.0' } },
    path: 'points.totalPower.positive',
    expected: 'expected which direction is positive',
  },
])('says where $what is wrong and what was expected', async ({ points, path, expected }) => {
  const bad = file('bad.json', points)
  const { code, out } = await ran(`check ${bad}`)
  expect(code).toBe(1)
  expect(out).toContain('FILE')
  const line = out.split('\n').find((one) => one.includes(path))
  expect(line).toContain(bad)
  expect(line).toContain(expected)
  const { files } = JSON.parse((await ran(`check ${bad} --json`)).out)
  expect(files).toEqual([{ file: bad, ok: false, findings: [{ path, expected: expect.stringContaining(expected) }] }])
})

it('checks all, and is content only with all', async () => {
  const [fine, broken] = [file('fine.json', good), join(temporaryFolder(), 'broken.json')]
  writeFileSync(broken, '{')
  const { code, out } = await ran(`check ${fine} ${broken} /no/such/file.json`)
  expect(code).toBe(1)
  expect(out).toMatch(/fine\.json +good$/m)
  expect(out).toMatch(/broken\.json +\(file\) +.*JSON/m)
  expect(out).toMatch(/no\/such\/file\.json +\(file\) +ENOENT/m)
})

it('wants a file', async () => {
  expect(await ran('check')).toMatchObject({ code: 2, err: expect.stringContaining('name the files to check') })
})

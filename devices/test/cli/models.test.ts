import { describe, expect, it } from 'vitest'
import { modelIds } from '../../src/index.ts'
import { ran } from './captured.ts'

describe('models', () => {
  it('lists each model that ships, with maker, name, category and source', async () => {
    const { code, out, err } = await ran('models')
    expect([code, err]).toEqual([0, ''])
    const lines = (out.split('\n\n')[0] ?? '').split('\n')
    expect(lines[0]).toMatch(/^ID +MAKER +NAME +CATEGORY +SOURCE$/)
    expect(lines.slice(1).map((line) => line.split(' ')[0])).toEqual(modelIds())
    expect(out).toMatch(/^eastron-sdm630 +Eastron +SDM630 +grid-meter +Eastron, SDM630Modbus/m)
  })

  it('lists the same for programs', async () => {
    const { out } = await ran('models --json')
    const { models } = JSON.parse(out)
    expect(models.map(({ id }: { id: string }) => id)).toEqual(modelIds())
    expect(models[0]).toEqual({
      ...{ id: expect.any(String), maker: expect.any(String), name: expect.any(String) },
      ...{ category: expect.any(String), sources: expect.any(Array) },
    })
  })

  it('shows one with its points, addresses, units and OBIS codes', async () => {
    const { code, out } = await ran('models eastron-sdm72d-v2')
    expect(code).toBe(0)
    expect(out).toMatch(/^Eastron SDM72D-M-2 \(V2\) \(eastron-sdm72d-v2\)$/m)
    expect(out).toMatch(/^factory +unit 1, 9600 8N1$/m)
    expect(out).toMatch(/^known by +meterCode = 137$/m)
    expect(out).toMatch(/^totalPower +52 +0x0034 +4 +f32 +W +16\.7\.0 +positive is import$/m)
    expect(out).toMatch(/^note +It counts energy in total/m)
  })

  it('shows one for programs, raw bits as hex', async () => {
    const { out } = await ran('models abb-b23 --json')
    const { id, points } = JSON.parse(out)
    expect(id).toBe('abb-b23')
    expect(points.find(({ name }: { name: string }) => name === 'voltageL1')).toMatchObject({
      ...{ at: 0x5b00, kind: 'holding', unit: 'V', obis: '32.7.0', notAvailable: ['0xffffffff'] },
    })
  })

  it('names what is no table of registers, and shows it', async () => {
    expect((await ran('models')).out).toMatch(
      /\n\nAnd what is no table .*: sunspec, .*; sml, binary .*; obis-text, readable/,
    )
    const { code, out } = await ran('models sunspec')
    expect(code).toBe(0)
    expect(out).toMatch(/^103 +Inverter \(Three Phase\)$/m)
    const { models } = JSON.parse((await ran('models sunspec --json')).out)
    expect(models).toContainEqual({ id: 203, label: expect.any(String) })
    expect(models).toHaveLength(36)
    expect((await ran('models obis-text')).out).toContain(
      'readable telegrams (IEC 62056-21 mode D) through an infrared head',
    )
    expect((await ran('models sml --json')).code).toBe(2)
    expect((await ran('read --tcp 127.0.0.1:1 --model sml')).err).toContain('sml has no registers: an agent reads it')
  })

  it('says which there are where one is asked for that there is not', async () => {
    const { code, out, err } = await ran('models sdm999')
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('no device model "sdm999"; there are abb-b23')
  })
})

describe('the command line', () => {
  it.each([
    { line: '', code: 2, said: 'wattfleet-devices <command> [flags]' },
    { line: 'reed', code: 2, said: 'there is no command reed: scan, read, watch, models, check' },
    { line: 'models --jason', code: 2, said: "Unknown option '--jason'\nwattfleet-devices models --help" },
    { line: 'toString', code: 2, said: 'there is no command toString' },
  ])('"$line" ends with $code and says why', async ({ line, code, said }) => {
    const result = await ran(line)
    expect([result.code, result.out]).toEqual([code, ''])
    expect(result.err).toContain(said)
  })

  it.each(['scan', 'read', 'watch', 'models', 'check'])('explains %s', async (name) => {
    const { code, out, err } = await ran(`${name} --help`)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(new RegExp(`^wattfleet-devices ${name} `))
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(125)
    expect((await ran('--help')).out).toMatch(new RegExp(`^ {2}${name} `, 'm'))
  })
})

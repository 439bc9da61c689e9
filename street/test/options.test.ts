import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embeddedConfig } from '@wattfleet/chain'
import { afterAll, describe, expect, it } from 'vitest'
import { openStreetClock, resumeAt } from '../src/clock-file.ts'
import { parseOptions } from '../src/options.ts'
import { layout, manifestOf, planHouses, planStreet } from '../src/plan.ts'
import { keepSecrets, pseudonyms } from '../src/secrets.ts'
import { startOver } from '../src/street.ts'

const folder = mkdtempSync(join(tmpdir(), 'wattfleet-options-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the options', () => {
  it('have the documented defaults', () => {
    expect(parseOptions([])).toEqual({
      stateDir: '.wattfleet',
      host: '127.0.0.1',
      httpPort: 8080,
      mqttPort: 8883,
      chainPort: 9944,
      enrolPort: 8443,
      devicePort: 5020,
      rate: 30,
      once: false,
      fresh: false,
    })
  })

  it('come from a file too, and a flag wins', () => {
    const path = join(folder, 'street.json')
    writeFileSync(path, JSON.stringify({ httpPort: 9000, mqttPort: 9001 }))
    expect(parseOptions(['--config', path, '--http-port', '9002'])).toMatchObject({ httpPort: 9002, mqttPort: 9001 })
  })

  it.each([
    [['--http-port', 'x'], 'street: httpPort: '],
    [['--rate', '61'], 'street: rate: '],
    [['--unknown'], "Unknown option '--unknown'"],
    [['extra'], 'extra'],
  ])('%j are refused', (argv, text) => {
    expect(() => parseOptions(argv)).toThrow(text)
  })

  it('yield nothing where help is asked for', () => {
    expect(parseOptions(['--help'])).toBeUndefined()
  })
})

describe('the street’s clock', () => {
  it.each([
    ['a new street begins at its beginning', undefined, 1_000],
    ['a stopped one goes on where it stood', { streetMs: 5_000, running: false }, 5_000],
    ['a killed one goes on past all it can have seen', { streetMs: 5_000, running: true }, 5_000 + 2 * 1_000 * 30],
  ])('%s', (_, kept, expected) => {
    expect(resumeAt(kept, 1_000, 30)).toBe(expected)
  })

  it('never goes back over a stop', () => {
    const path = join(folder, 'clock.json')
    const first = openStreetClock(path, 1_000, 30)
    first.save(false)
    const stopped = (JSON.parse(readFileSync(path, 'utf8')) as { streetMs: number }).streetMs
    expect(openStreetClock(path, 1_000, 30).clock.nowMs()).toBeGreaterThanOrEqual(stopped)
  })
})

describe('the street’s secrets', () => {
  it('are drawn once and kept, readable by their owner only in what they show', () => {
    const dir = join(folder, 'keys')
    const secrets = keepSecrets(dir)
    expect(keepSecrets(dir)).toEqual(secrets)
    expect(keepSecrets(join(folder, 'others')).chainId).not.toBe(secrets.chainId)
    for (const { seedPath } of Object.values(secrets.accounts)) {
      expect(JSON.stringify(secrets)).not.toContain(readFileSync(seedPath, 'utf8').trim())
    }
  })

  it('give each house other pseudonyms on every chain', () => {
    expect(pseudonyms('aa', 'house-1')).toEqual(pseudonyms('aa', 'house-1'))
    expect(pseudonyms('aa', 'house-1')).not.toEqual(pseudonyms('bb', 'house-1'))
    expect(pseudonyms('aa', 'house-1').site).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('the plan', () => {
  it('gives every part what its own schema accepts, each house its own ports and claim', () => {
    const options = parseOptions(['--device-port', '6000'])
    if (options === undefined) throw new Error('no options')
    const secrets = keepSecrets(join(folder, 'plan'))
    const houses = planHouses(options, secrets.chainId).map((house) => ({
      ...house,
      claimPath: `/claims/${house.name}`,
    }))
    const tls = { caPath: 'ca', certPath: 'cert', keyPath: 'key' }
    const paths = layout(folder)
    const plan = planStreet({ root: '/root', options, paths, secrets, houses, tls: { broker: tls, hub: tls } })
    expect(embeddedConfig.parse(plan.chain.config)).toMatchObject({ port: 9944, genesis: { chainId: secrets.chainId } })
    expect(plan.agents.map(({ name }) => name)).toEqual([1, 2, 3, 4, 5, 6].map((n) => `agent-house-${n}`))
    const ports = houses.flatMap(({ meterPort, inverterPort }) => [meterPort, inverterPort ?? []].flat())
    expect(new Set(ports).size).toBe(10)
    expect(Math.min(...ports)).toBe(6000)
    expect(manifestOf(houses).trim().split('\n')).toHaveLength(7)
  })
})

describe('starting over', () => {
  it('removes a street’s folder only', () => {
    const other = join(folder, 'other')
    mkdirSync(other)
    writeFileSync(join(other, 'precious'), '')
    expect(() => startOver(other)).toThrow('is not a street')
    expect(readFileSync(join(other, 'precious'), 'utf8')).toBe('')
    startOver(join(folder, 'nothing'))
  })
})

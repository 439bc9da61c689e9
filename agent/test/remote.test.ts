import { Fault, manualClock, signingKeyFromSeed, toHex } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import {
  BARE,
  boot,
  FILE,
  memoryFiles,
  NOW_MS,
  RELEASE,
  sealedCommand,
  sealedConfig,
  UTILITY,
} from './support/remote.ts'
import { street } from './support/street.ts'

const THIEF = signingKeyFromSeed(new Uint8Array(32).fill(6))

describe('a configuration from the utility', () => {
  it('is in force at once, ends the round, and is kept after its trial', async () => {
    const one = boot(memoryFiles())
    const end = one.round()
    one.remote.hear('config', sealedConfig())
    expect(one.ends).toEqual(['config'])
    await end()
    expect(one.remote.config()).toEqual({ ...FILE, pollS: 20 })
    expect(one.remote.standing()).toMatchObject({
      version: '1.0.0',
      config: 1,
      lastConfig: { counter: 1, is: 'trying' },
    })
    const next = one.round()
    await one.advance(59_000)
    expect(one.remote.standing().lastConfig?.is).toBe('trying')
    await one.advance(1_000)
    expect(one.remote.standing()).toMatchObject({ config: 1, lastConfig: { counter: 1, is: 'applied' } })
    await next()
    expect(one.ends).toEqual(['config'])
  })

  it('is taken back when the meter is silent for the second half of its trial', async () => {
    const one = boot(memoryFiles())
    one.round()
    one.remote.hear('config', sealedConfig())
    const end = one.round()
    await one.advance(20_000)
    one.meter.isGood = false
    await one.advance(40_000)
    expect(one.remote.standing()).toMatchObject({ config: 0, lastConfig: { counter: 1, is: 'rolled-back' } })
    expect(one.remote.config()).toEqual(FILE)
    expect(one.ends).toEqual(['config', 'config'])
    await end()
  })

  it('survives a single bad reading at the end of its trial', async () => {
    const one = boot(memoryFiles())
    one.round()
    one.remote.hear('config', sealedConfig())
    const end = one.round()
    await one.advance(55_000)
    one.meter.isGood = false
    await one.advance(10_000)
    expect(one.remote.standing()).toMatchObject({ config: 1, lastConfig: { is: 'applied' } })
    await end()
  })

  it.each([
    { pollS: 600, trialS: 300, is: 'applied' },
    { pollS: 20, trialS: 20, is: 'applied' },
    { pollS: 3_600, trialS: 3_600, is: 'applied' },
    { pollS: 3_600, trialS: 1, is: 'applied' },
    { pollS: 600, trialS: 300, silentS: [140, 160], is: 'applied' },
    { pollS: 600, trialS: 300, silentS: [10, 310], is: 'rolled-back' },
    { pollS: 20, trialS: 20, silentS: [9, 30], is: 'rolled-back' },
  ])('that has the meter asked seldom is judged by readings of its trial: %j', async (row) => {
    const { pollS, trialS, silentS: [fromS, toS] = [], is } = row
    const clock = manualClock(NOW_MS)
    const one = boot(memoryFiles(), { clock })
    one.remote.hear('config', sealedConfig({ settings: { pollS }, trialS }))
    const house = street({ powerW: () => 400, clock, parts: { remote: one.remote, pollMs: pollS * 1000 } })
    for (let s = 0; s < trialS + 5; s++) {
      if (s === fromS || s === toS) house.home.silence(s === fromS)
      await house.advance(1_000)
    }
    expect(one.remote.standing().lastConfig).toMatchObject({ counter: 1, is })
    await house.stop()
  })

  it('is gone back from where reading the meter never ends with it', async () => {
    const clock = manualClock(NOW_MS)
    const one = boot(memoryFiles(), { clock })
    one.remote.hear('config', sealedConfig())
    const never = {
      read: (signal: AbortSignal) => new Promise<undefined>((resolve) => (signal.onabort = () => resolve(undefined))),
    }
    const house = street({ powerW: () => 400, clock, parts: { remote: one.remote, meter: never } })
    await house.advance(60_000)
    expect(one.remote.standing().lastConfig?.is).toBe('trying')
    await house.advance(121_000)
    expect(one.remote.standing().lastConfig?.is).toBe('rolled-back')
    await house.stop()
  })

  it.each([
    ['that was read within the hour', NOW_MS - 3_600_000, 'rolled-back'],
    ['that nobody has asked yet', undefined, 'rolled-back'],
    ['that could not be read for longer', NOW_MS - 3_600_001, 'applied'],
    ['that was never read', Number.NEGATIVE_INFINITY, 'applied'],
  ])('is held to a meter %s', async (_, goodMs, is) => {
    const one = boot(memoryFiles())
    one.meter.goodMs = goodMs
    const first = one.round()
    one.remote.hear('config', sealedConfig())
    await first()
    one.meter.goodMs = Number.NEGATIVE_INFINITY
    const end = one.round()
    await one.advance(60_000)
    expect(one.remote.standing().lastConfig?.is).toBe(is)
    await end()
  })

  it.each([
    ['signed by somebody else', sealedConfig({}, THIEF)],
    ['for another gateway', sealedConfig({ gateway: 'bb'.repeat(32) })],
    ['of another epoch', sealedConfig({ epoch: 2 })],
    ['that is a command', sealedCommand('restart')],
    ['that is no JSON', Buffer.from('{')],
  ])('%s changes nothing and says nothing', (_, payload) => {
    const files = memoryFiles()
    const one = boot(files)
    one.remote.hear('config', payload)
    expect(one.ends).toEqual([])
    expect(one.remote.standing()).toEqual({ version: '1.0.0', config: 0, devices: { meter: 'file', inverter: 'none' } })
    expect(files.texts.size).toBe(0)
  })

  it('is not taken by a gateway whose grant names no key, until a renewal has brought one', () => {
    let key: Uint8Array | undefined
    const one = boot(memoryFiles(), { utilityKey: () => key })
    one.remote.hear('config', sealedConfig())
    expect(one.ends).toEqual([])
    key = UTILITY.publicKey
    one.remote.hear('config', sealedConfig())
    expect(one.ends).toEqual(['config'])
  })

  it('of before is not taken again, also after a restart; a later one that is too late is refused', () => {
    const files = memoryFiles()
    const first = boot(files)
    const recorded = sealedConfig({ counter: 4 })
    first.remote.hear('config', recorded)
    first.remote.hear('config', sealedConfig({ counter: 5, settings: { pollS: 30 } }))
    const again = boot(files)
    again.remote.hear('config', recorded)
    again.remote.hear('config', sealedConfig({ counter: 3 }))
    again.remote.hear('config', sealedConfig({ counter: 5, settings: { pollS: 3 } }))
    expect(again.ends).toEqual([])
    expect(again.remote.config().pollS).toBe(30)
    again.remote.hear('config', sealedConfig({ counter: 6, expiresAt: NOW_MS / 1000 }))
    expect(again.remote.standing()).toMatchObject({ config: 5, lastConfig: { counter: 6, is: 'refused' } })
  })

  it('that does not fit is refused with the path, and what is in force stays', () => {
    const one = boot(memoryFiles())
    one.remote.hear('config', sealedConfig({ settings: { meter: { port: 70_000 }, stateDir: '/' } }))
    expect(one.ends).toEqual([])
    expect(one.remote.standing().lastConfig).toEqual({
      ...{ counter: 1, is: 'refused' },
      reason: 'settings: stateDir: cannot be set from afar',
    })
  })

  it('that cannot be stored was not taken: the same again is, when the disk has room', () => {
    const files = memoryFiles()
    const one = boot(files)
    files.isFull = true
    one.remote.hear('config', sealedConfig())
    expect(one.ends).toEqual([])
    expect(one.remote.standing().config).toBe(0)
    files.isFull = false
    one.remote.hear('config', sealedConfig())
    expect(one.remote.standing().config).toBe(1)
  })

  it('is put back when the process dies twice in its trial, or the gateway does not run with it', () => {
    const files = memoryFiles()
    boot(files).remote.hear('config', sealedConfig())
    expect(boot(files).remote.config().pollS).toBe(20)
    const third = boot(files)
    expect(third.remote.config()).toEqual(FILE)
    expect(third.remote.standing().lastConfig).toMatchObject({ counter: 1, is: 'rolled-back' })

    const other = boot(memoryFiles())
    other.remote.hear('config', sealedConfig())
    expect(other.remote.failed(new Fault('transport', 'port 1 is taken'))).toBe(true)
    expect(other.remote.standing()).toMatchObject({ config: 0, lastConfig: { reason: 'port 1 is taken' } })
    expect(other.remote.failed(new Fault('transport', 'port 1 is taken'))).toBe(false)
  })

  it('is forgotten in another epoch: the household is another', async () => {
    const files = memoryFiles()
    const one = boot(files)
    one.remote.hear('config', sealedConfig())
    const end = one.round()
    await one.advance(60_000)
    await end()
    expect(boot(files).remote.config().pollS).toBe(20)
    expect(boot(files, { epoch: 2 }).remote.config()).toEqual(FILE)
  })

  it('keeps a damaged file from being taken for none: its counters keep replays out', () => {
    const files = memoryFiles()
    boot(files).remote.hear('config', sealedConfig())
    files.texts.set('remote.json', files.texts.get('remote.json')?.slice(0, -3) ?? '')
    expect(() => boot(files)).toThrow(/remote\.json is damaged/)
  })
})

describe('a command from the utility', () => {
  it('to restart ends the process, once', () => {
    const files = memoryFiles()
    const one = boot(files)
    one.remote.hear('command', sealedCommand('restart'))
    expect(one.ends).toEqual(['restart'])
    const next = boot(files)
    expect(next.remote.standing().lastCommand).toEqual({ counter: 1, is: 'applied' })
    next.remote.hear('command', sealedCommand('restart'))
    expect(next.ends).toEqual([])
  })

  it('to update fetches until it is there, hands it over, and says what the updater said', async () => {
    const requests: unknown[] = []
    let fetches = 0
    let result: { counter: number; is: 'applied' } | undefined
    const one = boot(memoryFiles(), {
      updates: {
        async fetch() {
          fetches += 1
          if (fetches < 3) throw new Fault('transport', 'no way there', { retryable: true })
        },
        request: (counter, release) => void requests.push([counter, release.version]),
        result: () => result,
      },
    })
    const end = one.round()
    one.remote.hear('command', sealedCommand('update'))
    await one.advance(60_000)
    expect([fetches, requests]).toEqual([3, [[1, RELEASE.version]]])
    expect(one.remote.standing().lastCommand).toEqual({ counter: 1, is: 'trying' })
    result = { counter: 1, is: 'applied' }
    await one.advance(5_000)
    expect(one.remote.standing().lastCommand).toEqual(result)
    await end()
  })

  it.each([
    ['is not the release', new Fault('protocol', 'its SHA-256 is other')],
    ['cannot be had until the command expires', new Fault('transport', 'no way there', { retryable: true })],
  ])('to update with what %s is refused', async (_, fault) => {
    const fetch = () => Promise.reject(fault)
    const one = boot(memoryFiles(), { updates: { fetch } })
    const end = one.round()
    one.remote.hear('command', sealedCommand('update', { expiresAt: NOW_MS / 1000 + 600 }))
    await one.advance(1_300_000)
    expect(one.remote.standing().lastCommand).toEqual({ counter: 1, is: 'refused', reason: fault.message })
    await end()
  })

  it('to update to what another key signed is refused before anything is fetched', async () => {
    const fetch = () => Promise.reject(new Error('fetched'))
    const one = boot(memoryFiles(), { updates: { fetch } })
    const end = one.round()
    one.remote.hear('command', sealedCommand('update', {}, UTILITY, THIEF))
    await one.advance(2_000)
    expect(one.remote.standing().lastCommand).toMatchObject({ is: 'refused', reason: expect.stringMatching(/signed/) })
    await end()
  })

  it('to update goes on where the process was cut off', async () => {
    const files = memoryFiles()
    const never = boot(files, { updates: { fetch: () => new Promise(() => {}) } })
    void never.round()
    never.remote.hear('command', sealedCommand('update'))
    const requests: number[] = []
    const next = boot(files, { updates: { request: (counter) => void requests.push(counter) } })
    const end = next.round()
    await next.advance(1_000)
    expect(requests).toEqual([1])
    // after another cut it only waits for the updater
    await end()
    const last = boot(files, {
      updates: {
        fetch: () => Promise.reject(new Error('again')),
        result: () => ({ counter: 1, is: 'rolled-back', reason: 'it was not well' }),
      },
    })
    const over = last.round()
    await last.advance(1_000)
    expect(last.remote.standing().lastCommand).toEqual({ counter: 1, is: 'rolled-back', reason: 'it was not well' })
    await over()
  })
})

describe('what is kept', () => {
  it('names key and epoch', () => {
    const files = memoryFiles()
    boot(files).remote.hear('config', sealedConfig())
    expect(JSON.parse(files.texts.get('remote.json') ?? '')).toMatchObject({ gateway: 'aa'.repeat(32), epoch: 1 })
    expect(files.texts.get('remote.json')).not.toContain(toHex(UTILITY.publicKey))
  })
})

describe('devices that the grant names', () => {
  const METER = { model: 'abb-b23', host: '192.168.1.20', port: 502, unit: 3 }

  it('are used where the file names none, and a configuration from afar comes upon them', async () => {
    const one = boot(memoryFiles(), { file: BARE, granted: () => ({ meter: METER, inverter: { model: 'sunspec' } }) })
    expect(one.remote.config()).toMatchObject({ meter: { ...METER, timeoutMs: 1_000 } })
    expect(one.remote.config().inverter).toBeUndefined()
    expect(one.remote.standing().devices).toEqual({
      ...{ meter: 'grant', inverter: 'none' },
      reason: 'grant: inverter: expected a port (with its host) or a serial line',
    })
    // where the inverter is comes later, and which one it is was known
    one.remote.hear('config', sealedConfig({ settings: { meter: { unit: 4 }, inverter: { port: 503 } } }))
    expect(one.remote.config()).toMatchObject({
      meter: { ...METER, unit: 4 },
      inverter: { model: 'sunspec', port: 503 },
    })
    expect(one.remote.standing()).toMatchObject({
      config: 1,
      devices: { meter: 'afar', inverter: 'afar' },
    })
  })

  it('are as the grant in force says now', () => {
    let granted: unknown
    const one = boot(memoryFiles(), { file: BARE, granted: () => granted })
    expect(one.remote.config()).toEqual(BARE)
    expect(one.remote.standing().devices).toEqual({
      ...{ meter: 'none', inverter: 'none' },
      reason: 'meter: expected one in the file, the grant or a configuration from afar',
    })
    granted = { meter: METER }
    expect(one.remote.config().meter).toMatchObject(METER)
    expect(one.remote.standing().devices).toEqual({ meter: 'grant', inverter: 'none' })
  })

  it('that no longer stand under a configuration from afar take it with them', () => {
    let granted: unknown = { meter: METER }
    const files = memoryFiles()
    const one = boot(files, { file: BARE, granted: () => granted })
    one.remote.hear('config', sealedConfig({ settings: { meter: { unit: 4 } } }))
    granted = undefined
    expect(one.remote.config()).toEqual(BARE)
    expect(one.remote.standing()).toMatchObject({ config: 0, lastConfig: { is: 'rolled-back' } })
  })
})

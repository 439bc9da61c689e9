import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CommandMessage, commandBody, parseCommandMessage } from '../../src/down/command.ts'
import {
  type ConfigMessage,
  configBody,
  isSettings,
  MOST_SETTINGS_CHARACTERS,
  parseConfigMessage,
} from '../../src/down/configuration.ts'
import { ANSWERS, MOST_REASON_CHARACTERS, parseAnswer, reasonOf } from '../../src/down/directive.ts'
import { openDown, sealDown } from '../../src/down/envelope.ts'
import { signingKeyFromSeed } from '../../src/keys.ts'
import {
  isRelease,
  isSignedRelease,
  MOST_RELEASE_BYTES,
  type Release,
  releaseBytes,
  signRelease,
} from '../../src/release.ts'
import { run } from '../support/bytes.ts'

const utility = signingKeyFromSeed(run(1, 32))
const HEAD = { gateway: 'ab'.repeat(32), epoch: 3, counter: 7, expiresAt: 1_800_000_000 }
const CONFIG: ConfigMessage = { ...HEAD, settings: { pollS: 10, meter: { serial: null } }, trialS: 300 }
const RELEASE: Release = { version: '1.2.3', sha256: 'cd'.repeat(32), size: 1_000, url: 'https://dl.example/a.tgz' }
const UPDATE: CommandMessage = { ...HEAD, command: { name: 'update', release: signRelease(RELEASE, utility) } }
const RESTART: CommandMessage = { ...HEAD, command: { name: 'restart' } }

describe('what the utility says', () => {
  it('comes back whole through the envelope', () => {
    const through = (body: object) => openDown(sealDown(body, utility), utility.publicKey) ?? {}
    expect(parseConfigMessage(through(configBody(CONFIG)))).toEqual(CONFIG)
    for (const command of [UPDATE, RESTART]) expect(parseCommandMessage(through(commandBody(command)))).toEqual(command)
  })

  it('is a configuration or a command, and neither can be handed over as the other', () => {
    expect(parseCommandMessage(configBody(CONFIG))).toBeUndefined()
    expect(parseConfigMessage(commandBody(RESTART))).toBeUndefined()
    expect(parseCommandMessage({ ...configBody(CONFIG), command: 'restart' })).toBeUndefined()
  })

  it.each([
    { gateway: 'ab' },
    { gateway: undefined },
    { epoch: -1 },
    { counter: 0 },
    { counter: 1.5 },
    { counter: 2 ** 53 },
    { expiresAt: '1800000000' },
    { trialS: 0 },
    { trialS: 3_601 },
    { settings: [] },
    { settings: null },
    { settings: 'pollS' },
  ])('is nothing with only %o wrong', (wrong) => {
    expect(parseConfigMessage({ ...configBody(CONFIG), ...wrong })).toBeUndefined()
  })

  it.each([{ command: 'erase' }, { release: undefined }, { release: { ...UPDATE.command, version: '1.2' } }])(
    'is no command with only %o wrong',
    (wrong) => {
      expect(parseCommandMessage({ ...commandBody(UPDATE), ...wrong })).toBeUndefined()
    },
  )

  it('has settings of bounded length and depth', () => {
    const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) })
    expect(isSettings(nested(8))).toBe(true)
    expect(isSettings(nested(9))).toBe(false)
    expect(isSettings(JSON.parse(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`))).toBe(false)
    expect(isSettings({ a: 'x'.repeat(MOST_SETTINGS_CHARACTERS - 8) })).toBe(true)
    expect(isSettings({ a: 'x'.repeat(MOST_SETTINGS_CHARACTERS - 7) })).toBe(false)
  })
})

describe('a release', () => {
  it('is signed by the utility over everything that it says', () => {
    const signed = signRelease(RELEASE, utility)
    expect(isRelease(signed)).toBe(true)
    expect(isSignedRelease(signed, utility.publicKey)).toBe(true)
    expect(isSignedRelease(signed, signingKeyFromSeed(run(2, 32)).publicKey)).toBe(false)
    const others = { version: '1.2.4', sha256: 'ce'.repeat(32), size: 1_001, url: 'https://dl.example/b.tgz' }
    for (const [field, value] of Object.entries(others)) {
      expect(isSignedRelease({ ...signed, [field]: value }, utility.publicKey), field).toBe(false)
    }
    expect(Buffer.from(releaseBytes(RELEASE)).toString()).toBe(
      `wattfleet release 1\n1.2.3\n${'cd'.repeat(32)}\n1000\nhttps://dl.example/a.tgz\n`,
    )
  })

  it.each([
    { version: '1.2' },
    { version: '../1.2.3' },
    { version: '1.2.3-/etc' },
    { version: '1.2.3-' },
    { sha256: 'CD'.repeat(32) },
    { size: 0 },
    { size: MOST_RELEASE_BYTES + 1 },
    { url: 'http://dl.example/a.tgz' },
    { url: 'https://dl.example/a b' },
    { url: 'https://dl.example/a\nb' },
    { signature: '00' },
  ])('is none with only %o wrong', (wrong) => {
    expect(isRelease({ ...signRelease(RELEASE, utility), ...wrong })).toBe(false)
  })
})

describe('an answer', () => {
  it('carries any text as a reason that fits a status', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom(...ANSWERS), (text, is) => {
        const answer = { counter: 1, is, reason: reasonOf(text) }
        expect(answer.reason.length).toBeLessThanOrEqual(MOST_REASON_CHARACTERS)
        expect(parseAnswer(JSON.parse(JSON.stringify(answer)))).toEqual(answer)
      }),
    )
  })

  it.each([
    null,
    7,
    {},
    { counter: -1, is: 'applied' },
    { counter: 1, is: 'well' },
    { counter: 1, is: 'refused', reason: 'ü' },
  ])('is none: %o', (value) => {
    expect(parseAnswer(value)).toBeUndefined()
  })
})

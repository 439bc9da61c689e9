import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claimText, isClaimText, parseClaimText } from '../src/claim-text.ts'

const CLAIM = { url: 'https://enrol.example.org:8443', caFingerprint: 'ab'.repeat(32), claim: '01'.repeat(32) }
const TEXT =
  'wattfleet:1;https://enrol.example.org:8443;q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s;AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE'

describe('a claim in one line', () => {
  it('is written so', () => {
    expect(claimText(CLAIM)).toBe(TEXT)
    expect(parseClaimText(`\n${TEXT}\r\n`)).toEqual({ ok: true, claim: CLAIM })
    expect([isClaimText(` ${TEXT}`), isClaimText('{"url":'), isClaimText('')]).toEqual([true, false, false])
  })

  it('says what it was made of', () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((value) => Buffer.from(value).toString('hex'))
    const host = fc.stringMatching(/^[a-z0-9]{1,20}(\.[a-z]{2,9}){0,3}$/)
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), bytes, bytes, (name, port, caFingerprint, claim) => {
        // a number for a name would be an address
        const short = { url: `https://h${name}:${port}`, caFingerprint, claim }
        expect(parseClaimText(claimText(short))).toEqual({ ok: true, claim: short })
      }),
    )
  })

  it.each<[string, string, RegExp]>([
    ['another scheme', TEXT.replace('wattfleet', 'wattflat'), /begins with wattfleet:/],
    ['another version', TEXT.replace(':1;', ':2;'), /version 1, got "2"/],
    ['a part too many', `${TEXT};x`, /four parts/],
    ['a part too few', TEXT.slice(0, TEXT.lastIndexOf(';')), /a secret/],
    ['plain HTTP', TEXT.replace('https', 'http'), /https:\/\/host:port/],
    ['a fingerprint cut short', TEXT.replace('q6s;', 'q6;'), /a fingerprint/],
    ['a secret cut short', TEXT.slice(0, -1), /a secret/],
    ['a secret in another alphabet', `${TEXT.slice(0, -1)}+`, /a secret/],
    ['nothing', '', /begins with wattfleet:/],
  ])('is refused with %s', (_, text, expected) => {
    expect(parseClaimText(text)).toEqual({ ok: false, expected: expect.stringMatching(expected) })
  })

  it('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(200), (noise, at) => {
        const read = parseClaimText(TEXT.slice(0, at) + noise + TEXT.slice(at + 1))
        expect(read.ok ? isClaimText(claimText(read.claim)) : read.expected.length > 0).toBe(true)
      }),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gatewayIdFrom, type Identity, isGatewayId, orderId, orderIdHex } from '../src/ids.ts'
import { run, unhex } from './support/bytes.ts'

describe('orderId', () => {
  // computed with Python's hashlib over gateway ‖ epoch u32 LE ‖ sequence u64 LE
  it.each([
    {
      identity: { gateway: run(0, 32), epoch: 3, sequence: 0x01_0203_0405 },
      id: 'a69fc8dba96cc80f657e015aba74d1c09b8491d16861b88f8041bdb64b568463',
    },
    {
      identity: { gateway: new Uint8Array(32), epoch: 0, sequence: 0 },
      id: '85759b3811ff7dc47b03792ac85317be51431a3f9e01dcafce317ed736a391b0',
    },
    {
      identity: { gateway: new Uint8Array(32).fill(255), epoch: 0xffff_ffff, sequence: Number.MAX_SAFE_INTEGER },
      id: 'dd5a7eefd2c0242d98e5febc778f31fd45db0df06428c2463a901897cc06df6f',
    },
  ])('of epoch $identity.epoch, sequence $identity.sequence is the hash of 44 bytes', ({ identity, id }) => {
    expect(orderIdHex(identity)).toBe(id)
    expect(orderId(identity)).toEqual(unhex(id))
  })

  it('differs wherever the identity does', () => {
    const base: Identity = { gateway: run(0, 32), epoch: 1, sequence: 1 }
    const others = [{ gateway: run(1, 32) }, { epoch: 2 }, { sequence: 2 }, { epoch: 256 }, { sequence: 2 ** 32 + 1 }]
    const ids = [base, ...others.map((other) => ({ ...base, ...other }))].map(orderIdHex)
    expect(new Set(ids).size).toBe(6)
  })
})

/** RFC 4648 base32 with a string of bits, so that it shares nothing with arithmetic on one large integer. */
function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return groups.map((group) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[parseInt(group.padEnd(5, '0'), 2)]).join('')
}

describe('gatewayIdFrom', () => {
  it('is checked by a computation that agrees with RFC 4648, section 10', () => {
    const vectors = { f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB', foobar: 'MZXW6YTBOI' }
    for (const [text, expected] of Object.entries(vectors)) expect(base32(Buffer.from(text))).toBe(expected)
  })

  // the texts are those of coreutils' base32, in lower case, without padding
  it.each([
    { random: new Uint8Array(16), id: 'aaaaaaaaaaaaaaaaaaaaaaaaaa' },
    { random: new Uint8Array(16).fill(255), id: '77777777777777777777777774' },
    { random: run(0, 16), id: 'aaaqeayeaudaocajbifqydiob4' },
    { random: Buffer.from('foobarfoobarfoob'), id: 'mzxw6ytbojtg633cmfzgm33pmi' },
    { random: unhex('9d61b19deffd5a60ba844af492ec2cc4'), id: 'tvq3dhpp7vngbouejl2jf3bmyq' },
  ])('makes $id', ({ random, id }) => {
    expect(gatewayIdFrom(random)).toBe(id)
  })

  it('is the base32 of any 16 bytes, and a gateway id', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (random) => {
        expect(gatewayIdFrom(random)).toBe(base32(random).toLowerCase())
        expect(isGatewayId(gatewayIdFrom(random))).toBe(true)
      }),
    )
  })

  it.each([0, 15, 17, 32])('refuses %i bytes', (length) => {
    expect(() => gatewayIdFrom(run(0, length))).toThrow(RangeError)
  })

  it.each([
    '',
    'a'.repeat(25),
    'a'.repeat(27),
    'A'.repeat(26),
    `${'a'.repeat(25)}1`,
    `${'a'.repeat(25)}8`,
    `${'a'.repeat(25)}+`,
    `${'a'.repeat(25)}/`,
    `${'a'.repeat(26)}\n`,
    ` ${'a'.repeat(25)}`,
  ])('does not take %j for a gateway id', (text) => {
    expect(isGatewayId(text)).toBe(false)
  })
})

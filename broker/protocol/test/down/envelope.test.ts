import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/bytes.ts'
import { MAX_DOWN_BYTES, openDown, parseObject, sealDown } from '../../src/down/envelope.ts'
import { signingKeyFromSeed } from '../../src/keys.ts'
import { flipped, run } from '../support/bytes.ts'

const hub = signingKeyFromSeed(run(1, 32))
const other = signingKeyFromSeed(run(2, 32))
const BODY = { number: 7, state: 'filled', tradedWh: 120 }
const TEXT = JSON.stringify(BODY)

const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8')
/** An envelope around any text, signed as the hub would. */
const enveloped = (body: string, signature = toHex(hub.sign(utf8(body)))) => utf8(JSON.stringify({ body, signature }))

describe('a down message', () => {
  it('is JSON of the body’s text and the signature over its UTF-8 bytes', () => {
    expect(sealDown(BODY, hub)).toEqual(enveloped(TEXT))
  })

  it('opens to what was sealed, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        expect(openDown(sealDown(body, hub), hub.publicKey)).toEqual(JSON.parse(JSON.stringify(body)))
      }),
    )
  })

  it('does not open under another key', () => {
    const sealed = sealDown(BODY, hub)
    expect(openDown(sealed, other.publicKey)).toBeUndefined()
    expect(openDown(sealed, new Uint8Array())).toBeUndefined()
    expect(openDown(sealed, hub.publicKey.subarray(1))).toBeUndefined()
  })

  it('never opens to another body, whichever bit of the payload is flipped', () => {
    const sealed = sealDown(BODY, hub)
    let refused = 0
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const opened = openDown(flipped(sealed, bit), hub.publicKey)
      if (opened === undefined) refused++
      // a hex digit of the signature in upper case is the same signature
      else expect(opened).toEqual(BODY)
    }
    expect(refused).toBeGreaterThan(sealed.length * 8 - 128)
  })

  it('does not open with a flipped bit in its body or its signature', () => {
    const signature = hub.sign(utf8(TEXT))
    for (let bit = 0; bit < TEXT.length * 8; bit++) {
      const text = Buffer.from(flipped(utf8(TEXT), bit)).toString('latin1')
      expect(openDown(enveloped(text, toHex(signature)), hub.publicKey)).toBeUndefined()
    }
    for (let bit = 0; bit < signature.length * 8; bit++) {
      expect(openDown(enveloped(TEXT, toHex(flipped(signature, bit))), hub.publicKey)).toBeUndefined()
    }
  })

  it('is refused unread when it is larger than the limit, and opens at the limit', () => {
    const empty = sealDown({ pad: '' }, hub).length
    const largest = sealDown({ pad: 'x'.repeat(MAX_DOWN_BYTES - empty) }, hub)
    expect(largest).toHaveLength(MAX_DOWN_BYTES)
    expect(openDown(largest, hub.publicKey)).toHaveProperty('pad')
    const tooLarge = sealDown({ pad: 'x'.repeat(MAX_DOWN_BYTES - empty + 1) }, hub)
    expect(openDown(tooLarge, hub.publicKey)).toBeUndefined()
  })

  it.each([
    { name: 'nothing', payload: utf8('') },
    { name: 'no JSON', payload: utf8('{') },
    { name: 'a list', payload: utf8('[]') },
    { name: 'null', payload: utf8('null') },
    { name: 'an empty object', payload: utf8('{}') },
    { name: 'no signature', payload: utf8(JSON.stringify({ body: TEXT })) },
    { name: 'no body', payload: utf8(JSON.stringify({ signature: toHex(hub.sign(utf8(TEXT))) })) },
    {
      name: 'a body that is no text',
      payload: utf8(JSON.stringify({ body: BODY, signature: toHex(hub.sign(utf8(TEXT))) })),
    },
    { name: 'a signature that is no hex', payload: enveloped(TEXT, 'z'.repeat(128)) },
    { name: 'a signature that is too short', payload: enveloped(TEXT, toHex(hub.sign(utf8(TEXT))).slice(2)) },
    { name: 'a signature that is too long', payload: enveloped(TEXT, `${toHex(hub.sign(utf8(TEXT)))}00`) },
    { name: 'a signed list', payload: enveloped('[1]') },
    { name: 'a signed number', payload: enveloped('1') },
    { name: 'a signed null', payload: enveloped('null') },
    { name: 'signed text that is no JSON', payload: enveloped('{"number":') },
  ])('does not open when it is $name', ({ payload }) => {
    expect(openDown(payload, hub.publicKey)).toBeUndefined()
  })

  it('does not open when it is random bytes, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        expect(openDown(noise, hub.publicKey)).toBeUndefined()
      }),
    )
  })
})

describe('parseObject', () => {
  it.each(['', '1', '"a"', 'null', 'true', '[]', '[{}]', '{', '{}x', 'undefined'])('does not take %j', (text) => {
    expect(parseObject(text)).toBeUndefined()
  })
  it.each([
    { text: '{}', object: {} },
    { text: ' {"a":[1,null]} ', object: { a: [1, null] } },
  ])('takes $text', ({ text, object }) => {
    expect(parseObject(text)).toEqual(object)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signingKeyFromSeed, verifySignature } from '../../src/keys.ts'
import {
  decodeMessage,
  encodeMessage,
  fromPayload,
  isSignedByItsGateway,
  MAX_SIGNED_PAYLOAD_BYTES,
  type Message,
  SIGNATURE_BYTES,
  signMessage,
  toPayload,
} from '../../src/messages/signed.ts'
import { anyCancel, anyEnergy, anyOrder } from '../support/arbitraries.ts'
import { flipped, run } from '../support/bytes.ts'

const key = signingKeyFromSeed(run(1, 32))
const other = signingKeyFromSeed(run(2, 32))

const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  anyOrder.map((value) => ({ type: 'order' as const, value })),
  anyCancel.map((value) => ({ type: 'cancel' as const, value })),
  anyEnergy.map((value) => ({ type: 'energy' as const, value })),
)

/** The same message, as the owner of `key` would send it. */
const fromKey = (message: Message): Message =>
  ({ ...message, value: { ...message.value, gateway: key.publicKey } }) as Message

const sample = (): Message => ({
  type: 'cancel',
  value: { chain: run(0, 32), gateway: key.publicKey, epoch: 1, sequence: 2, target: 3 },
})

describe('a signed message', () => {
  it('comes back from its payload, whichever it is, and was signed by its gateway', () => {
    fc.assert(
      fc.property(anyMessage.map(fromKey), (message) => {
        const signed = fromPayload(toPayload(signMessage(message, key)))
        expect(signed && decodeMessage(signed.bytes)).toEqual(message)
        expect(signed && isSignedByItsGateway(message, signed)).toBe(true)
      }),
    )
  })

  it('is its bytes followed directly by its signature', () => {
    const signed = signMessage(sample(), key)
    expect(signed.bytes).toEqual(encodeMessage(sample()))
    expect(signed.signature).toHaveLength(SIGNATURE_BYTES)
    const payload = toPayload(signed)
    expect(payload.subarray(0, 88)).toEqual(signed.bytes)
    expect(payload.subarray(88)).toEqual(signed.signature)
  })

  it('fails with a flipped bit anywhere in its bytes or its signature', () => {
    const { bytes, signature } = signMessage(sample(), key)
    const publicKey = key.publicKey
    expect(verifySignature(publicKey, bytes, signature)).toBe(true)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const taken = verifySignature(publicKey, flipped(bytes, bit), signature)
      if (taken) expect.fail(`bit ${bit} of the bytes does not matter`)
    }
    for (let bit = 0; bit < signature.length * 8; bit++) {
      const taken = verifySignature(publicKey, bytes, flipped(signature, bit))
      if (taken) expect.fail(`bit ${bit} of the signature does not matter`)
    }
  })

  it('fails when another key than the one it names signed it', () => {
    expect(isSignedByItsGateway(sample(), signMessage(sample(), other))).toBe(false)
  })

  it.each([
    { length: 0, taken: false },
    { length: SIGNATURE_BYTES, taken: false },
    { length: SIGNATURE_BYTES + 1, taken: true },
    { length: MAX_SIGNED_PAYLOAD_BYTES, taken: true },
    { length: MAX_SIGNED_PAYLOAD_BYTES + 1, taken: false },
  ])('splits a payload of $length bytes: $taken', ({ length, taken }) => {
    const payload = run(0, length)
    const signed = fromPayload(payload)
    expect(signed !== undefined).toBe(taken)
    if (signed !== undefined) expect(toPayload(signed)).toEqual(payload)
  })

  it('always fits the limit of a payload', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(toPayload(signMessage(message, key)).length).toBeLessThanOrEqual(MAX_SIGNED_PAYLOAD_BYTES)
      }),
    )
  })

  it('is undefined for random bytes and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (noise) => {
        expect(decodeMessage(noise)).toBeUndefined()
        const signed = fromPayload(noise)
        if (signed !== undefined) expect(isSignedByItsGateway(sample(), signed)).toBe(false)
      }),
    )
  })

  it.each(['', 'w', 'wfo', 'wfo2', 'WFO1', 'wfx1', 'wfo1', 'wfc1', 'wfe1'])(
    'does not take "%s" for a message',
    (text) => {
      expect(decodeMessage(Buffer.from(text, 'latin1'))).toBeUndefined()
    },
  )
})

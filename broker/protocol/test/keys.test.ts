import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signingKeyFromSeed, verifySignature } from '../src/keys.ts'
import { run, unhex } from './support/bytes.ts'

/** RFC 8032, section 7.1. */
const VECTORS = [
  {
    name: 'TEST 1',
    seed: '9d61b19deffd5a60ba844af492ec2cc4 4449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a 0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a 84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    name: 'TEST 2',
    seed: '4ccd089b28ff96da9db6c346ec114e0f 5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc 9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540 a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    name: 'TEST 3',
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b1 66d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f058 0816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a3 0ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    name: 'TEST SHA(abc)',
    seed: '833fe62409237b9d62ec77587520911e 9a759cec1d19755b7da901b96dca3d42',
    publicKey: 'ec172b93ad5e563bf4932c70e1245034 c35467ef2efd4d64ebf819683467e2bf',
    message:
      'ddaf35a193617abacc417349ae204131 12e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    signature:
      'dc2a4459e7369633a52b1bf277839a00 201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
]

describe('Ed25519', () => {
  it.each(VECTORS)('agrees with RFC 8032, $name', ({ seed, publicKey, message, signature }) => {
    const key = signingKeyFromSeed(unhex(seed))
    expect(key.publicKey).toEqual(unhex(publicKey))
    expect(key.sign(unhex(message))).toEqual(unhex(signature))
    expect(verifySignature(unhex(publicKey), unhex(message), unhex(signature))).toBe(true)
    expect(verifySignature(unhex(publicKey), unhex(message, '00'), unhex(signature))).toBe(false)
  })

  it.each([0, 31, 33, 64])('refuses a seed of %i bytes', (length) => {
    expect(() => signingKeyFromSeed(run(0, length))).toThrow(RangeError)
  })

  it('does not give its seed away', () => {
    const seed = run(1, 32)
    const key = signingKeyFromSeed(seed)
    expect(Object.keys(key).sort()).toEqual(['publicKey', 'sign'])
    seed.fill(0)
    expect(signingKeyFromSeed(run(1, 32)).sign(run(0, 5))).toEqual(key.sign(run(0, 5)))
  })

  it('is false for keys and signatures of a wrong length, and never throws', () => {
    const key = signingKeyFromSeed(run(1, 32))
    const bytes = run(0, 10)
    const signature = key.sign(bytes)
    for (const length of [0, 1, 31, 33, 64]) expect(verifySignature(run(0, length), bytes, signature)).toBe(false)
    for (const length of [0, 1, 63, 65, 128]) {
      expect(verifySignature(key.publicKey, bytes, run(0, length))).toBe(false)
    }
    const long = Uint8Array.from([...signature, 0])
    expect(verifySignature(key.publicKey, bytes, long)).toBe(false)
    expect(verifySignature(key.publicKey, bytes, signature.subarray(0, 63))).toBe(false)
  })

  it('is false for random keys and signatures, also those that are no point on the curve', () => {
    const any = (maxLength: number) => fc.uint8Array({ maxLength })
    const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(fc.oneof(exactly(32), any(80)), any(80), fc.oneof(exactly(64), any(80)), (key, bytes, signature) => {
        fc.pre(key.some((byte) => byte > 1) && signature.some((byte) => byte > 1))
        expect(verifySignature(key, bytes, signature)).toBe(false)
      }),
    )
  })

  it('refuses the second signature that adding the group order would make (RFC 8032, 5.1.7)', () => {
    const { publicKey, message, signature } = VECTORS[1] ?? expect.fail('there are vectors')
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const bytes = unhex(signature)
    let scalar = order
    for (let i = 63; i >= 32; i--) scalar += BigInt(bytes[i] ?? 0) << BigInt(8 * (i - 32))
    for (let i = 32; i < 64; i++) bytes[i] = Number((scalar >> BigInt(8 * (i - 32))) & 255n)
    expect(scalar < 2n ** 256n).toBe(true)
    expect(verifySignature(unhex(publicKey), unhex(message), bytes)).toBe(false)
  })
})

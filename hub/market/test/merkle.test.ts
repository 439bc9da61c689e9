import { sha256, toHex } from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inclusionProof, isIncluded, type Leaf, leafHash, merkleRoot } from '../src/merkle.ts'

const leaf = (gateway: string, sequence: number, byte: number): Leaf => ({
  gateway,
  sequence,
  signed: { bytes: new Uint8Array(154).fill(byte), signature: new Uint8Array(64).fill(byte + 1) },
})
const anyLeaves = fc
  .uniqueArray(fc.tuple(fc.constantFrom('aa', 'bb', 'cc'), fc.nat(40)), {
    maxLength: 20,
    selector: ([gateway, sequence]) => `${gateway}/${sequence}`,
  })
  .map((list) => list.map(([gateway, sequence], i) => leaf(gateway, sequence, i)))

describe('the commitment to energy messages', () => {
  it('is 32 zero bytes where there is none', () => {
    expect(toHex(merkleRoot([], sha256))).toBe('00'.repeat(32))
  })
  it('is the leaf where there is one', () => {
    const one = leaf('aa', 1, 7)
    expect(merkleRoot([one], sha256)).toEqual(sha256(Uint8Array.of(0), one.signed.bytes, one.signed.signature))
  })
  it('promotes the odd one: of three, the third is hashed once, beside the first two', () => {
    const [a, b, c] = [leaf('aa', 1, 1), leaf('aa', 2, 2), leaf('bb', 1, 3)]
    const [ha, hb, hc] = [a, b, c].map((x) => leafHash(x.signed, sha256))
    if (!ha || !hb || !hc) throw new Error('three leaves')
    const node = (l: Uint8Array, r: Uint8Array) => sha256(Uint8Array.of(1), l, r)
    expect(merkleRoot([c, a, b], sha256)).toEqual(node(node(ha, hb), hc))
  })
  it('orders one gateway by number, not by text', () => {
    const [a, b] = [leaf('aa', 9, 1), leaf('aa', 10, 2)]
    expect(merkleRoot([b, a], sha256)).toEqual(
      sha256(Uint8Array.of(1), leafHash(a.signed, sha256), leafHash(b.signed, sha256)),
    )
  })
  it('proves every message it holds, however they are listed, and no other', () => {
    fc.assert(
      fc.property(anyLeaves, (leaves) => {
        const root = merkleRoot([...leaves].reverse(), sha256)
        for (const one of leaves) {
          const proof = inclusionProof(leaves, one.signed, sha256)
          expect(proof && isIncluded(one.signed, proof, root, sha256)).toBe(true)
          const altered = { ...one.signed, bytes: Uint8Array.from(one.signed.bytes, (b, i) => (i === 60 ? b ^ 1 : b)) }
          expect(proof && isIncluded(altered, proof, root, sha256)).toBe(false)
        }
        expect(inclusionProof(leaves, leaf('dd', 1, 200).signed, sha256)).toBeUndefined()
      }),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packetGate, type Verdict } from '../../src/core/packet-gate.ts'

const CAP = 1_000

/** One MQTT packet with a body of this many bytes. */
function packet(bodyBytes: number): Buffer {
  const header = [0x30]
  let left = bodyBytes
  do {
    header.push((left % 128) | (left >= 128 ? 0x80 : 0))
    left = Math.floor(left / 128)
  } while (left > 0)
  return Buffer.concat([Buffer.from(header), Buffer.alloc(bodyBytes, 0xff)])
}

function feedAll(chunks: readonly Uint8Array[]): Verdict {
  const gate = packetGate(CAP)
  for (const chunk of chunks) {
    const verdict = gate.feed(chunk)
    if (verdict !== 'pass') return verdict
  }
  return 'pass'
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const marks = [0, ...at.map((mark) => mark % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return marks.slice(1).map((mark, i) => bytes.subarray(marks[i], mark))
}

describe('packetGate', () => {
  it.each<[string, readonly number[], Verdict]>([
    ['a ping', [0xc0, 0x00], 'pass'],
    ['256 MB declared in a CONNECT', [0x10, 0xff, 0xff, 0xff, 0x7f], 'too-large'],
    ['a length of five bytes', [0x30, 0x80, 0x80, 0x80, 0x80, 0x01], 'malformed'],
    ['a length that is too large before it is complete', [0x30, 0xff, 0xff], 'too-large'],
    ['a length that is not complete', [0x30, 0x81], 'pass'],
  ])('%s', (_name, bytes, verdict) => {
    expect(feedAll([Uint8Array.from(bytes)])).toBe(verdict)
  })

  it('passes a packet of exactly the cap and condemns one byte more', () => {
    expect(packet(997).length).toBe(CAP)
    expect(feedAll([packet(997)])).toBe('pass')
    expect(feedAll([packet(998)])).toBe('too-large')
  })

  it('judges a stream the same however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_200 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (bodies, cuts) => {
          const packets = bodies.map(packet)
          const expected = packets.some((p) => p.length > CAP) ? 'too-large' : 'pass'
          expect(feedAll(cut(Buffer.concat(packets), cuts))).toBe(expected)
        },
      ),
    )
  })
})

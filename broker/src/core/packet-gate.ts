/** `pass`: hand the bytes on. The others: nothing of this connection may be read any more. */
export type Verdict = 'pass' | 'too-large' | 'malformed'

export interface PacketGate {
  /** How many packets have begun so far. */
  readonly packets: number
  feed(chunk: Uint8Array): Verdict
}

/** MQTT 3.1.1, 2.2.3: the remaining length takes at most four bytes of seven bits each, least significant first. */
const LENGTH_BYTES = 4

/**
 * Follows the fixed headers in a stream of MQTT packets without keeping a byte of it, and condemns a packet as soon as
 * its declared length says that it is longer than `maxBytes` (header included), before its content arrives.
 */
export function packetGate(maxBytes: number): PacketGate {
  let bodyLeft = 0
  let lengthBytes = -1 // −1: the next byte is a packet type
  let length = 0
  let packets = 0
  return {
    get packets() {
      return packets
    },
    feed(chunk) {
      for (let at = 0; at < chunk.length; ) {
        if (bodyLeft > 0) {
          const step = Math.min(bodyLeft, chunk.length - at)
          bodyLeft -= step
          at += step
          continue
        }
        const byte = chunk[at++] ?? 0
        if (lengthBytes < 0) {
          lengthBytes = 0
          length = 0
          packets += 1
          continue
        }
        length += (byte & 0x7f) * 128 ** lengthBytes
        lengthBytes += 1
        if (1 + lengthBytes + length > maxBytes) return 'too-large'
        if (byte < 0x80) {
          bodyLeft = length
          lengthBytes = -1
        } else if (lengthBytes === LENGTH_BYTES) {
          return 'malformed'
        }
      }
      return 'pass'
    },
  }
}

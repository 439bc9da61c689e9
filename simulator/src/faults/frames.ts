import { withCrc } from '@wattfleet/devices'
import type { FrameFault } from './ruling.ts'

/** An answer before it is framed. */
interface Answer {
  readonly unitId: number
  readonly pdu: Uint8Array
}

/** Function codes with this bit are exceptions. */
const EXCEPTION_BIT = 0x80

function withCode(pdu: Uint8Array, wanted: number | undefined): Uint8Array {
  const code = (pdu[0] ?? 0) & ~EXCEPTION_BIT
  const other = wanted ?? (code === 3 ? 4 : code === 4 ? 3 : (code + 1) & 0x7f)
  return Uint8Array.of(((pdu[0] ?? 0) & EXCEPTION_BIT) | other, ...pdu.subarray(1))
}

/** The fields of an answer with the faults that a frame is then made around, correct in itself. */
function faultyAnswer(answer: Answer, faults: readonly FrameFault[]): Answer {
  let { unitId, pdu } = answer
  for (const fault of faults) {
    if (fault.kind === 'wrongUnit') unitId = fault.unit ?? (unitId + 1) & 0xff
    else if (fault.kind === 'wrongFunction') pdu = withCode(pdu, fault.function)
    else if (fault.kind === 'shortFrame' && fault.fitting) {
      pdu = pdu.subarray(0, Math.max(1, pdu.length - fault.missing))
    }
  }
  return { unitId, pdu }
}

/** A whole frame with the faults that go against it: cut short, or followed by more. */
function faultyFrame(frame: Uint8Array, faults: readonly FrameFault[]): Uint8Array {
  let bytes = frame
  for (const fault of faults) {
    if (fault.kind === 'shortFrame' && !fault.fitting) {
      bytes = bytes.subarray(0, Math.max(0, bytes.length - fault.missing))
    } else if (fault.kind === 'extraBytes') bytes = Buffer.concat([bytes, Buffer.from(fault.hex, 'hex')])
  }
  return bytes
}

/**
 * An answer on Modbus TCP (Modbus Messaging on TCP/IP 1.0b, 3.1.3): transaction 2 | protocol 2, zero | length of what
 * follows 2 | unit 1 | PDU.
 */
export function tcpFrame(transaction: number, answer: Answer, faults: readonly FrameFault[] = []): Uint8Array {
  const { unitId, pdu } = faultyAnswer(answer, faults)
  const wrong = faults.find((fault) => fault.kind === 'wrongTransaction')
  const id = (transaction + (wrong?.offset ?? 0)) & 0xffff
  const length = pdu.length + 1
  return faultyFrame(Uint8Array.of(id >> 8, id & 0xff, 0, 0, length >> 8, length & 0xff, unitId, ...pdu), faults)
}

/** An answer on Modbus RTU (Modbus over Serial Line 1.02, 2.5.1): unit 1 | PDU | CRC 2, its low byte first. */
export function rtuFrame(answer: Answer, faults: readonly FrameFault[] = []): Uint8Array {
  const { unitId, pdu } = faultyAnswer(answer, faults)
  const frame = withCrc([unitId, ...pdu])
  if (faults.some(({ kind }) => kind === 'badCrc')) {
    const last = frame.length - 1
    frame[last] = (frame[last] ?? 0) ^ 0xff
  }
  return faultyFrame(frame, faults)
}

import { MOST_REGISTERS } from '@wattfleet/devices'
import type { Registers, Writable } from './device.ts'

/*
 * Modbus Application Protocol 1.1b3:
 *   6.3, 6.4  read:   function 3 or 4 | address 2 | count 2                       → function | bytes 1 | registers
 *   6.6       write:  function 6 | address 2 | value 2                            → the same
 *   6.12      write:  function 16 | address 2 | count 2 | bytes 1 | registers     → function | address 2 | count 2
 *   7         refuse: function + 0x80 | code 1
 */

/** Most registers that one request writes (6.12): its PDU has at most 253 bytes. */
export const MOST_WRITTEN = 123

/** Exception codes (section 7). */
export const EXCEPTION = { function: 1, address: 2, value: 3, failure: 4, busy: 6, gatewayTarget: 11 } as const

/** What a device is at the moment of a request. */
export interface Image {
  readonly registers: readonly Registers[]
  readonly writable?: readonly Writable[] | undefined
  readonly maxRegisters?: number | undefined
}

/** Registers that a request has written. */
export interface Written {
  readonly at: number
  readonly words: readonly number[]
}

export interface Handled {
  /** Undefined where there is nothing to answer: an empty request. */
  readonly answer?: Uint8Array
  readonly written?: Written
}

const be16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
const highLow = (word: number): number[] => [word >> 8, word & 0xff]

/** The exception to a request, as a PDU. */
export function exceptionPdu(code: number, exception: number): Uint8Array {
  return Uint8Array.of(code | 0x80, exception)
}

/** Registers from `at`, across runs that follow each other; undefined where one of them is not there. */
function wordsAt(image: Image, kind: Registers['kind'], at: number, count: number): number[] | undefined {
  const words: number[] = []
  while (words.length < count) {
    const from = at + words.length
    const run = image.registers.find((one) => one.kind === kind && from >= one.at && from < one.at + one.words.length)
    if (run === undefined) return undefined
    words.push(...run.words.subarray(from - run.at, from - run.at + count - words.length))
  }
  return words
}

function read(image: Image, code: number, request: Uint8Array): Handled {
  const kind = code === 4 ? 'input' : 'holding'
  const refuse = (exception: number) => ({ answer: exceptionPdu(code, exception) })
  if (!image.registers.some((one) => one.kind === kind)) return refuse(EXCEPTION.function)
  const count = be16(request, 3)
  if (request.length !== 5 || count < 1 || count > Math.min(MOST_REGISTERS, image.maxRegisters ?? MOST_REGISTERS)) {
    return refuse(EXCEPTION.value)
  }
  const words = wordsAt(image, kind, be16(request, 1), count)
  if (words === undefined) return refuse(EXCEPTION.address)
  return { answer: Uint8Array.from([code, 2 * count, ...words.flatMap(highLow)]) }
}

function write(image: Image, code: number, request: Uint8Array): Handled {
  const refuse = (exception: number) => ({ answer: exceptionPdu(code, exception) })
  const writable = image.writable ?? []
  if (writable.length === 0) return refuse(EXCEPTION.function)
  const at = be16(request, 1)
  const count = code === 6 ? 1 : be16(request, 3)
  const values = request.subarray(code === 6 ? 3 : 6)
  const isWhole = code === 6 ? request.length === 5 : request.length >= 6 && request[5] === 2 * count
  if (!isWhole || count < 1 || count > MOST_WRITTEN || values.length !== 2 * count) return refuse(EXCEPTION.value)
  const isOpen = (address: number) => writable.some((one) => address >= one.at && address < one.at + one.count)
  const words = Array.from({ length: count }, (_, i) => be16(values, 2 * i))
  if (!words.every((_, i) => isOpen(at + i))) return refuse(EXCEPTION.address)
  return { answer: request.slice(0, 5), written: { at, words } }
}

/**
 * What a device answers to a request, and what the request writes: functions 3, 4, 6 and 16. Exception 1 for any other,
 * and for one whose registers the device has none of; 3 for a count or length that cannot be; 2 for registers that are not
 * there or not to be written. Exception 3 too for more registers than the device answers at once.
 */
export function handlePdu(image: Image, request: Uint8Array): Handled {
  const [code] = request
  if (code === undefined) return {}
  switch (code) {
    case 3:
    case 4:
      return read(image, code, request)
    case 6:
    case 16:
      return write(image, code, request)
    default:
      return { answer: exceptionPdu(code, EXCEPTION.function) }
  }
}

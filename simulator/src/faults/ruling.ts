import type { FaultOf, FaultSpec } from './spec.ts'
import { delayOf, type Occasion } from './when.ts'

/** Faults of the frame that carries an answer, in the order in which they were given. */
export type FrameFault = FaultOf<
  'wrongUnit' | 'wrongFunction' | 'wrongTransaction' | 'shortFrame' | 'badCrc' | 'extraBytes'
>
/** Faults of what the registers hold. */
export type ImageFault = FaultOf<
  | 'stuck'
  | 'byteSwapped'
  | 'wordSwapped'
  | 'counterReset'
  | 'counterJump'
  | 'counterRollover'
  | 'frozenClock'
  | 'notAvailable'
>

/** An image fault that applies, with the id under which it remembers what was there when it began. */
export interface AppliedImageFault {
  readonly id: string
  readonly spec: ImageFault
}

/** What happens to one request. */
export interface Ruling {
  /** No answer. */
  readonly silent: boolean
  /** This exception in place of what was asked; nothing is written then. */
  readonly exception: number | undefined
  /** The connection is reset in place of an answer. */
  readonly reset: boolean
  /** Nothing is answered on this connection any more, and it is not closed. */
  readonly halfOpen: boolean
  /** The answer waits so long, and what is asked after it too. */
  readonly delayMs: number
  /** The answer comes so much later, and what is asked after it does not wait. */
  readonly lateMs: number
  /** Between two bytes of the answer; 0: not byte by byte. */
  readonly byteMs: number
  readonly frame: readonly FrameFault[]
  readonly image: readonly AppliedImageFault[]
}

/** What happens where there is no fault. */
export const UNHARMED: Ruling = {
  silent: false,
  exception: undefined,
  reset: false,
  halfOpen: false,
  delayMs: 0,
  lateMs: 0,
  byteMs: 0,
  frame: [],
  image: [],
}

/** Device busy (Modbus Application Protocol 1.1b3, section 7). */
const BUSY = 6

function withFault(ruling: Ruling, spec: FaultSpec, occasion: Occasion): Ruling {
  switch (spec.kind) {
    case 'silence':
      return { ...ruling, silent: true }
    case 'delay':
      return { ...ruling, delayMs: ruling.delayMs + delayOf(spec.ms, occasion) }
    case 'late':
      return { ...ruling, lateMs: ruling.lateMs + delayOf(spec.ms, occasion) }
    case 'drip':
      return { ...ruling, byteMs: Math.max(ruling.byteMs, spec.byteMs) }
    case 'exception':
      return { ...ruling, exception: ruling.exception ?? spec.code }
    case 'busy':
      return { ...ruling, exception: ruling.exception ?? BUSY }
    case 'reset':
      return { ...ruling, reset: true }
    case 'halfOpen':
      return { ...ruling, halfOpen: true }
    case 'refused':
      return ruling
    case 'wrongUnit':
    case 'wrongFunction':
    case 'wrongTransaction':
    case 'shortFrame':
    case 'badCrc':
    case 'extraBytes':
      return { ...ruling, frame: [...ruling.frame, spec] }
    default:
      return { ...ruling, image: [...ruling.image, { id: occasion.id, spec }] }
  }
}

/** What the faults that hit a request do to it together: delays add up, of two exceptions the first counts. */
export function rulingOf(hits: readonly { readonly spec: FaultSpec; readonly occasion: Occasion }[]): Ruling {
  let ruling = UNHARMED
  for (const { spec, occasion } of hits) ruling = withFault(ruling, spec, occasion)
  return ruling
}

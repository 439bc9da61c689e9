import { exceptionName } from '../core/faults.ts'
import type { MissingReason, RegisterRequest } from '../ports.ts'

/** What came in answer to one request. */
export type Came =
  | { readonly is: 'registers'; readonly registers: readonly number[] }
  | { readonly is: 'exception'; readonly code: number }
  | { readonly is: 'nothing'; readonly reason: MissingReason; readonly why: string }

/** One request and what came: what a find stands on. */
export interface Evidence {
  readonly asked: Pick<RegisterRequest, 'kind' | 'at' | 'count'>
  readonly came: Came
}

/** Registers shown of an answer: enough to see what it is. */
const MOST_SHOWN = 4

/** Such as `function 4, registers 0–1`. */
export function askedText({ kind, at, count }: Evidence['asked']): string {
  const where = count === 1 ? `register ${at}` : `registers ${at}–${at + count - 1}`
  return `function ${kind === 'input' ? 4 : 3}, ${where}`
}

/** Such as `0x4366 0x199a`, or `exception 2, illegal data address`. */
export function cameText(came: Came): string {
  switch (came.is) {
    case 'registers': {
      const shown = came.registers.slice(0, MOST_SHOWN).map((word) => `0x${word.toString(16).padStart(4, '0')}`)
      return `${shown.join(' ')}${came.registers.length > MOST_SHOWN ? ' …' : ''}`
    }
    case 'exception':
      return `exception ${came.code}, ${exceptionName(came.code)}`
    case 'nothing':
      return came.reason
  }
}

import type { DownKind } from '../topics.ts'
import type { Body } from './fields.ts'
import { hex, natural } from './fields.ts'

/**
 * What the hub tells a gateway after the fact is numbered per gateway from 1, without gaps. A gateway says in its status
 * which number it saw last; the hub sends again what came after. So a notice lost on the way arrives late, never not.
 * Each names the key it is for inside what is signed (`gateway`, hex): epochs, sequences and numbers are alike everywhere,
 * so a broker that hands one gateway's notices to another must not be believed.
 */
export interface Numbered {
  readonly number: number
}

/** The down kinds that are numbered. */
export const NOTICE_KINDS = ['outcome', 'trade', 'settlement', 'balance'] as const satisfies readonly DownKind[]
export type NoticeKind = (typeof NOTICE_KINDS)[number]

/** The key that a notice is for, hex; undefined where it names none. */
export function addresseeOf(body: Body): string | undefined {
  return hex(body, 'gateway', 32)
}

export function parseNumber(body: Body): number | undefined {
  return natural(body, 'number')
}

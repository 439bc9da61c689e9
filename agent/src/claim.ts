import { readFileSync } from 'node:fs'
import {
  type Claim,
  checkConfig,
  Fault,
  isClaimText,
  messageOf,
  parseClaimText,
  type ShortClaim,
} from '@wattfleet/protocol'
import { claimSchema } from './enrolment-schema.ts'

/** A claim as a file of the utility's has it, or as a label does, which only tells the CA's fingerprint. */
export type AnyClaim = Claim | ShortClaim

/** Reads the installer's claim: JSON, or the line of a label's code. Throws Fault `config` naming file, path and expectation. */
export function readClaim(path: string): AnyClaim {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Fault('config', `${path}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
  if (isClaimText(text)) {
    const read = parseClaimText(text)
    if (!read.ok) throw new Fault('config', `${path}: expected ${read.expected}`)
    return read.claim
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Fault('config', `${path}: is neither JSON nor the line of a label: ${messageOf(error)}`, { cause: error })
  }
  return checkConfig(value, claimSchema, path)
}

import { readFileSync } from 'node:fs'
import { Fault, messageOf, SERIAL } from '@wattfleet/protocol'
import type { AgentConfig } from '../config.ts'

/**
 * The serial of this gateway: the configured one, or what the maker put where the system shows it (a Raspberry Pi's ends
 * with a zero byte). Throws Fault `config` where there is none.
 */
export function serialOf({ serial, serialPath }: Pick<AgentConfig, 'serial' | 'serialPath'>): string {
  if (serial !== undefined) return serial
  let text: string
  try {
    text = readFileSync(serialPath, 'utf8').replace(/\0+$/, '').trim()
  } catch (error) {
    const why = `serial: expected this gateway's, as the utility's manifest has it; ${serialPath} cannot be read either`
    throw new Fault('config', `${why}: ${messageOf(error)}`, { cause: error })
  }
  if (!SERIAL.test(text)) throw new Fault('config', `${serialPath}: expected a serial, got ${JSON.stringify(text)}`)
  return text
}

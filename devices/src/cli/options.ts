import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { Fault, messageOf } from '@wattfleet/protocol'

/** Flags and what stands beside them. Throws Fault `config` for a flag that there is not, or a value that is missing. */
export function parseFlags<const T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    // the rest of the message explains how to pass such a thing as a positional: nobody wants to
    throw new Fault('config', messageOf(error).replace(/\. To specify.*$/s, ''), { cause: error })
  }
}

/** For commands that take flags only. Throws Fault `config` where something stands beside them. */
export function refusePositionals([first]: readonly string[]): void {
  if (first !== undefined) throw new Fault('config', `${first}: a flag is missing before it`)
}

/** A whole number between bounds. Throws Fault `config` with the flag's name. */
export function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most)) {
    throw new Fault('config', `${flag} ${text}: expected a whole number from ${least} to ${most}`)
  }
  return value
}

/** Names between commas, without empty ones. */
export function listed(text: string): string[] {
  return text.split(',').flatMap((part) => part.trim() || [])
}

/** Numbers and ranges such as `1-10,126`, each once, in the order given. Throws Fault `config`. */
export function numberList(flag: string, text: string, least: number, most: number): number[] {
  const numbers = listed(text).flatMap((part) => {
    const [first = '', last = first, ...rest] = part.split('-')
    const [from, to] = [wholeNumber(flag, first, least, most), wholeNumber(flag, last, least, most)]
    if (rest.length > 0 || to < from) throw new Fault('config', `${flag} ${part}: expected numbers such as 1-10,126`)
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
  if (numbers.length === 0) throw new Fault('config', `${flag}: expected numbers such as 1-10,126`)
  return [...new Set(numbers)]
}

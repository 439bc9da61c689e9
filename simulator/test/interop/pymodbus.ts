import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { closing } from '../served.ts'
import { BAUD_RATE, type Carrier, type Simulated } from './simulated.ts'

const CLIENT = fileURLToPath(new URL('pymodbus_client.py', import.meta.url))

/** What pymodbus makes of an answer: registers, what was confirmed, an exception's code, or the name of its own error. */
export interface Answered {
  readonly registers?: readonly number[]
  readonly written?: readonly number[]
  readonly exception?: number
  readonly error?: string
}

/** Calls a method of the client with arguments by name, as pymodbus calls them. */
export type Call = (call: string, args: Readonly<Record<string, unknown>>) => Promise<Answered>

export interface Patience {
  readonly timeoutS?: number
  /** Tries beyond the first. */
  readonly retries?: number
}

/** pymodbus' client on a line of the simulator, until the test is over. By default it tries once and waits long. */
export function pymodbus(
  python: string,
  carrier: Carrier,
  { port, path }: Pick<Simulated, 'port' | 'path'>,
  { timeoutS = 10, retries = 0 }: Patience = {},
): Call {
  const where = carrier === 'serial' ? { path, baudRate: BAUD_RATE } : { port }
  const options = JSON.stringify({ over: carrier, ...where, timeoutS, retries })
  const child = spawn(python, [CLIENT, options], { stdio: ['pipe', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  closing.push(async () => {
    child.stdin.end()
    await gone
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return async (call, args) => {
    child.stdin.write(`${JSON.stringify({ call, with: args })}\n`)
    const { done, value } = await lines.next()
    if (done) throw new Error('pymodbus has ended')
    return JSON.parse(value)
  }
}

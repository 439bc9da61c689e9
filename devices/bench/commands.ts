import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

/** A program and its arguments. */
export type Command = readonly string[]

const NODE: Command = [process.execPath, '--disable-warning=ExperimentalWarning']

/** A file of ours as a program. */
export function nodeProgram(file: string, ...args: readonly string[]): Command {
  return [...NODE, file, ...args]
}

/** Its errors are shown. */
export function spawned([program = '', ...args]: Command): ChildProcessByStdio<null, Readable, null> {
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Starts a program that says something once it listens, and yields what it said. */
export async function started(command: Command): Promise<{ readonly said: string; stop(): void }> {
  const child = spawned(command)
  const said = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`${command.join(' ')} ended before it listened`)))
    child.stdout.once('data', (text: Buffer) => resolve(String(text)))
  })
  return { said, stop: () => void child.kill() }
}

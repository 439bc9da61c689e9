import { once } from 'node:events'
import { createServer } from 'node:net'
import { Fault } from '../../src/fault.ts'
import { aborted, runProgram } from '../../src/program.ts'
import { portSchema } from './port-schema.ts'

/*
 * A program that holds a real socket until it is asked to stop. PROGRAM says how it behaves:
 *   serve    ready, then stop when asked
 *   fault    a fault of the store while starting
 *   bug      something that is no fault
 *   slow     only ready after the stop was asked for, as when the parent goes while a program still starts
 *   orphan   the parent is gone before the program begins
 */
const behaviour = process.env.PROGRAM
const say = (text: string) => process.stdout.write(`${text}\n`)

if (behaviour === 'orphan') {
  process.send?.('started')
  await once(process, 'disconnect')
}

await runProgram(portSchema, 'Listens on a port.', async ({ config, clock, signal, ready }) => {
  if (behaviour === 'fault') throw new Fault('store', 'the disk is full')
  if (behaviour === 'bug') throw new TypeError('a bug')
  const server = createServer().listen(config.port, config.host)
  await once(server, 'listening')
  say(`serving ${clock.nowMs() > 0}`)
  if (behaviour === 'slow') {
    process.send?.('started')
    await aborted(signal)
  }
  ready()
  await aborted(signal)
  server.close()
  await once(server, 'close')
  say('stopped')
})

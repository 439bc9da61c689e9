import { fileURLToPath } from 'node:url'
import { checkConfig, manualClock } from '@wattfleet/protocol'
import { pseudoTerminals } from '../../../test-support/pseudo-terminals.ts'
import { faultSpec } from '../../src/faults/spec.ts'
import { runScenario } from '../../src/scenario/run.ts'
import { type ScenarioInput, scenarioSchema } from '../../src/scenario/schema.ts'
import { closing } from '../served.ts'

/*
 * The simulator as others meet it: what a file serves on real sockets and serial lines.
 */

export const CARRIERS = ['tcp', 'rtu-tcp', 'serial'] as const
export type Carrier = (typeof CARRIERS)[number]

/** Fast enough that a test does not wait for it, slow enough to be paced. */
export const BAUD_RATE = 57_600

export interface Simulated {
  /** Of the socket; 0 on a serial line. */
  readonly port: number
  /** The master's end of the serial line. */
  readonly path: string
  /** Gives a fault to the device `meter`, and says how to take it back. */
  fault(spec: object): () => void
}

/** As in a file; the line is added. */
export type Device = Omit<NonNullable<ScenarioInput['devices']>[number], 'line'>

/** Serves these devices on one line of this kind until the test is over. On TCP units that are not there get exception 11. */
export async function simulated(carrier: Carrier, devices: readonly Device[]): Promise<Simulated> {
  const pair = carrier === 'serial' ? await pseudoTerminals() : undefined
  if (pair !== undefined) closing.push(pair.close)
  const [path, masterPath] = pair?.ends ?? ['', '']
  const lines = {
    tcp: { transport: 'modbus-tcp', port: 0 },
    'rtu-tcp': { transport: 'rtu-tcp', port: 0, baudRate: BAUD_RATE },
    serial: { transport: 'rtu-serial', path, baudRate: BAUD_RATE, paced: true },
  } as const
  const file = { lines: { line: lines[carrier] }, devices: devices.map((one) => ({ ...one, line: 'line' })) }
  const log = { info: () => undefined, warn: () => undefined }
  const running = await runScenario(checkConfig(file, scenarioSchema, 'file'), {
    ...{ source: fileURLToPath(import.meta.url), clock: manualClock(0), log },
  })
  closing.push(() => running.stop())
  const { faults } = running
  return {
    port: running.lines[0]?.port ?? 0,
    path: masterPath,
    fault(spec) {
      const given = faults.add(faultSpec.parse({ device: 'meter', ...spec }))
      if (!given.ok) throw new Error(`${given.path}: ${given.message}`)
      return () => void faults.remove(given.fault.id)
    },
  }
}

import { parseArgs } from 'node:util'
import { lineClock } from '../../devices/src/adapters/line-clock.ts'
import { FaultBox } from '../src/faults/box.ts'
import { partsOf } from '../src/wire/device.ts'
import { serveRtuOnSerial } from '../src/wire/modbus-rtu-serial.ts'
import { ServedDevice } from '../src/wire/served-device.ts'

/*
 * A slave on an end of a pair of pseudo-terminals, paced as a line of this baud rate with 8N1: unit 1, 125 holding registers
 * from 0 on, each holding its own address, no turnaround. Arguments: path, baud rate. Says `ready` when it listens.
 */

/** Or the slave's lateness would be taken for the master's. */
const clock = lineClock()

const [path = '', baudRate = ''] = parseArgs({ allowPositionals: true }).positionals
const names = Array.from({ length: 125 }, (_, i) => `register${i}`)
const points = Object.fromEntries(names.map((name, at) => [name, { at, as: 'u16' } as const]))
const values = Object.fromEntries(names.map((name, at) => [name, at]))
const device = {
  name: 'slave',
  unitId: 1,
  parts: partsOf({ kind: 'holding', holes: 'readable', points }),
  values: () => values,
}
const faults = new FaultBox(1, clock)
const warn = (_: object, text: string) => void process.stderr.write(`${text}\n`)
const devices = [new ServedDevice(device, { faults, clockMs: () => 0, warn })]
const line = { path, baudRate: Number(baudRate), parity: 'none', stopBits: 1, paced: true } as const
await serveRtuOnSerial({ ...line, devices, clock, faults, warn })
process.stdout.write('ready\n')

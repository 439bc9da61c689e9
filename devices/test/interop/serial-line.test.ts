import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { Fault } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { hasPseudoTerminals, pseudoTerminals } from '../../../test-support/pseudo-terminals.ts'
import { openModbusSerial } from '../../src/adapters/modbus-rtu.ts'
import { withCrc } from '../../src/core/rtu-frame.ts'
import type { ModbusConnection } from '../../src/ports.ts'

/*
 * A real serial line: our port on one end, a slave written here on the other.
 */
const isRequired = process.env.WATTFLEET_REQUIRE_INTEROP !== undefined || process.env.CI !== undefined
const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Heard {
  readonly unitId: number
  readonly code: number
  readonly at: number
  readonly count: number
}

async function pair(): Promise<readonly [string, string]> {
  const { ends, close } = await pseudoTerminals()
  closing.push(close)
  return ends
}

/** A slave that answers each request after a delay; every register holds its own address. */
function slaveOn(path: string, delayMs: (heard: Heard) => number): void {
  const file = openSync(path, 'r+')
  const stream = createReadStream('', { fd: openSync(path, 'r') })
  let held: number[] = []
  const late = new Set<NodeJS.Timeout>()
  stream.on('error', () => undefined)
  stream.on('data', (bytes) => {
    held.push(...(bytes as Buffer))
    for (; held.length >= 8; held = held.slice(8)) {
      const [unitId = 0, code = 0, high = 0, low = 0, countHigh = 0, countLow = 0] = held
      const heard = { unitId, code, at: (high << 8) | low, count: (countHigh << 8) | countLow }
      const registers = Array.from({ length: heard.count }, (_, i) => heard.at + i)
      const answer = withCrc([unitId, code, 2 * heard.count, ...registers.flatMap((one) => [one >> 8, one & 0xff])])
      const timer = setTimeout(() => {
        late.delete(timer)
        writeSync(file, answer)
      }, delayMs(heard))
      late.add(timer)
    }
  })
  closing.push(() => {
    // the last answers are later than the test
    for (const timer of late) clearTimeout(timer)
    stream.destroy()
    closeSync(file)
  })
}

function portOn(path: string, timeoutMs: number, maxReplyDelayMs: number): ModbusConnection {
  const port = openModbusSerial({ path, baudRate: 115_200, parity: 'none', stopBits: 1, timeoutMs, maxReplyDelayMs })
  closing.push(() => port.close())
  return port
}

const never = new AbortController().signal

describe.skipIf(!hasPseudoTerminals() && !isRequired)('a serial line', { timeout: 120_000 }, () => {
  it('reads registers', async () => {
    const [master, slave] = await pair()
    slaveOn(slave, () => 1)
    const port = portOn(master, 1_000, 1_000)
    expect(await port.readRegisters({ unitId: 3, kind: 'holding', at: 500, count: 125 }, never)).toEqual(
      Array.from({ length: 125 }, (_, i) => 500 + i),
    )
  })

  it('never takes a late answer for another’s, back to back, two hundred times', async () => {
    const [master, slave] = await pair()
    let turn = 0
    // late by 5 to 95 ms over the time-out of 30
    slaveOn(slave, () => 35 + ((turn++ * 37) % 90))
    const port = portOn(master, 30, 150)
    let silent = 0
    for (let i = 0; i < 200; i++) {
      const at = i * 13
      // units take turns, so that no back-off keeps the line quiet
      const request = { unitId: 1 + (i % 200), kind: 'holding', at, count: 2 } as const
      const result = await port.readRegisters(request, never).catch((error: unknown) => error)
      if (result instanceof Fault) silent++
      else expect(result).toEqual([at, at + 1])
    }
    expect(turn).toBe(200)
    expect(silent).toBeGreaterThan(190)
  })

  it('says which port there is not', async () => {
    const port = portOn('/dev/no-such-port', 100, 100)
    const asked = port.readRegisters({ unitId: 1, kind: 'holding', at: 0, count: 1 }, never)
    await expect(asked).rejects.toMatchObject({
      code: 'transport',
      message: expect.stringContaining('/dev/no-such-port'),
    })
  })
})

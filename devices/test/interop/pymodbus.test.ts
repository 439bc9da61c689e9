import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { manualClock } from '@wattfleet/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWithPython } from '../../../test-support/python.ts'
import { type ModbusConnection, modelMeter, openModbusTcp, pointReader, shippedModel } from '../../src/index.ts'

const SERVER = fileURLToPath(new URL('sdm630_server.py', import.meta.url))
const AT_MS = 1_779_098_400_000
const SDM630 = shippedModel('eastron-sdm630')
const never = new AbortController().signal

const PEER = {
  name: 'pymodbus 3.16',
  check: 'from pymodbus.simulator import SimDevice',
  install: 'pip install pymodbus==3.16.1',
}

/** What each unit of the line shows; null is NaN. */
const UNITS = {
  1: { power_w: -1234.5, import_kwh: 4321.987, export_kwh: 0.25 },
  2: { power_w: 2875.25, import_kwh: 0.001, export_kwh: 9999.999 },
  3: { power_w: 0, import_kwh: null, export_kwh: 17.5 },
}

describeWithPython(PEER, (python) => {
  let server: ChildProcess
  let connection: ModbusConnection

  beforeAll(async () => {
    server = spawn(python, [SERVER, JSON.stringify(UNITS)], { stdio: ['pipe', 'pipe', 'inherit'] })
    if (server.stdout === null) throw new Error('no output')
    const [port] = await once(createInterface(server.stdout), 'line')
    connection = openModbusTcp({ host: '127.0.0.1', port: Number(port), timeoutMs: 5000 })
  })
  afterAll(async () => {
    await connection?.close()
    const gone = server && once(server, 'exit')
    server?.stdin?.end()
    await gone
  })

  const good = (value: number) => ({ quality: 'good', value, readMs: AT_MS })

  it.each([
    { unit: 1, importWh: good(4_321_987), exportWh: good(250), importW: 0, exportW: 1234.5 },
    { unit: 2, importWh: good(1), exportWh: good(9_999_999), importW: 2875.25, exportW: 0 },
    {
      unit: 3,
      importWh: { quality: 'missing', reason: 'not-available', readMs: AT_MS },
      exportWh: good(17_500),
      importW: 0,
      exportW: 0,
    },
  ])('reads of unit $unit what was put there', async ({ unit, importWh, exportWh, importW, exportW }) => {
    expect(await modelMeter(connection, unit, SDM630, manualClock(AT_MS)).read(never)).toEqual({
      atMs: AT_MS,
      stepWh: 1,
      importEnergyWh: importWh,
      exportEnergyWh: exportWh,
      importW: good(importW),
      exportW: good(exportW),
    })
  })

  it('reads all points of the model at once', async () => {
    // the server's image ends with the counters
    const names = Object.keys(SDM630.points).filter((name) => (SDM630.points[name]?.at ?? 0) <= 0x4a)
    const points = await pointReader(connection, 2, SDM630, names, manualClock(AT_MS)).read(never)
    expect(points.totalPower).toEqual(good(2875.25))
    expect(points.voltageL1).toEqual(good(0))
    expect(points.importEnergy).toEqual(good(Math.fround(0.001)))
  })

  it("understands the server's refusal of an address it does not have", async () => {
    const beyond = connection.readRegisters({ unitId: 1, kind: 'input', at: 500, count: 2 }, never)
    await expect(beyond).rejects.toMatchObject({ code: 'device', retryable: false, cause: { exception: 2 } })
  })
})

import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { manualClock } from '@wattfleet/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWithPython } from '../../../test-support/python.ts'
import { type ModbusConnection, type ModelAt, openModbusTcp, readSunSpecModel, walkModels } from '../../src/index.ts'
import type { PointValue } from '../../src/value-reader.ts'
import { sunSpecImage } from '../sunspec/images.ts'
import { hexRegisters, serving, type TcpDevice, tcpDevice } from '../tcp-device.ts'

/*
 * The SunSpec Alliance's own package encodes every model that we know, from the definitions that it brings along; we read
 * them.
 */
const IMAGE = fileURLToPath(new URL('sunspec2_image.py', import.meta.url))
const IDS = readdirSync(new URL('../../models/sunspec/', import.meta.url))
  .map((name) => Number.parseInt(name, 10))
  .sort((a, b) => a - b)
const never = new AbortController().signal

const PEER = {
  name: 'pysunspec2 1.3',
  check: 'import sunspec2.device',
  install: 'pip install pysunspec2==1.3.7',
}

interface Encoded {
  readonly id: number
  readonly registers: string
  readonly values: Readonly<Record<string, number | string | null>>
}

/** The peer multiplies by a power of ten, we divide where it is negative. */
const slack = (value: number) => Math.abs(value) * 1e-12

/** What we read, as the peer writes it: bits as a number, null for what is not available. */
function plain({ point, measured }: PointValue): number | string | null {
  if (measured.quality === 'missing') return measured.reason === 'not-available' ? null : measured.reason
  const { value } = measured
  if (typeof value === 'number' || typeof value === 'string') return value
  const bitOf = new Map(Object.entries(point.bits ?? {}).map(([bit, name]) => [name, Number(bit)]))
  return value.reduce((sum, name) => sum + 2 ** (bitOf.get(name) ?? Number(name.replace('bit ', ''))), 0)
}

describeWithPython(PEER, (python) => {
  let encoded: readonly Encoded[]
  let slave: TcpDevice
  let connection: ModbusConnection
  let listed: ModelAt[]

  beforeAll(async () => {
    encoded = JSON.parse((await promisify(execFile)(python, [IMAGE, IDS.join()])).stdout)
    slave = await tcpDevice(serving('holding', sunSpecImage(encoded.map(({ registers }) => hexRegisters(registers)))))
    connection = openModbusTcp({ host: '127.0.0.1', port: slave.port, timeoutMs: 5_000 })
    listed = await walkModels(connection, 1, never)
  })
  afterAll(async () => {
    await connection?.close()
    await slave?.close()
  })

  it('lists the models that it encodes', () => {
    expect(listed.map(({ id, length }) => [id, length + 2])).toEqual(
      encoded.map(({ id, registers }) => [id, registers.length / 4]),
    )
  })

  it.each(IDS)('reads of model %i what it encoded', async (id) => {
    const at = listed.find((one) => one.id === id)
    const theirs = encoded.find((one) => one.id === id)
    if (at === undefined || theirs === undefined) throw new Error(`model ${id} is not listed`)
    const { values } = await readSunSpecModel(connection, 1, at, manualClock(0), never)
    const ours = Object.fromEntries(values.map((one) => [one.name, plain(one)]))
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs.values).sort())
    for (const [name, value] of Object.entries(theirs.values)) {
      if (typeof value === 'number')
        expect(Math.abs((ours[name] as number) - value), name).toBeLessThanOrEqual(slack(value))
      else expect(ours[name], name).toBe(value)
    }
  })
})

import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { wallClock } from '@wattfleet/protocol'
import { modelMeter, openModbusTcp, planReads, shippedModel, wordsOf } from '../src/index.ts'
import { bareClient } from './bare.ts'

/*
 * Reads meters once a second, each over a connection of its own, and prints as JSON what this process took for it. Arguments:
 * client, seconds before it counts, seconds, ports.
 */

const MODEL = shippedModel('eastron-sdm630')
const POINTS = ['totalPower', 'importPower', 'exportPower', 'importEnergy', 'exportEnergy'] as const

/** Reads a meter: whether everything was there. */
type Poll = () => Promise<boolean>

const CLIENTS: Readonly<Record<string, (port: number) => Promise<Poll>>> = {
  async ours(port) {
    const meter = modelMeter(openModbusTcp({ host: '127.0.0.1', port }), 1, MODEL, wallClock())
    const { signal } = new AbortController()
    return async () => {
      const { importEnergyWh, exportEnergyWh, importW } = await meter.read(signal)
      return [importEnergyWh, exportEnergyWh, importW].every(({ quality }) => quality === 'good')
    }
  },
  /** The same requests by bare modbus-serial, and their floats, with nothing around them. */
  async 'modbus-serial'(port) {
    const client = await bareClient(port)
    client.setTimeout(1_000)
    const spans = POINTS.flatMap((name) => {
      const point = MODEL.points[name]
      return point === undefined ? [] : [{ at: point.at, count: wordsOf(point) }]
    })
    const plan = planReads(spans, { ...MODEL, timing: { requestMs: 5, registerMs: 0.001 } })
    return async () => {
      const values: number[] = []
      for (const { at, count } of plan) {
        const { buffer } = await client.readInputRegisters(at, count)
        for (const span of spans) {
          if (span.at >= at && span.at < at + count) values.push(buffer.readFloatBE(2 * (span.at - at)))
        }
      }
      return values.length === spans.length && values.every(Number.isFinite)
    }
  },
}

const [name = '', ...numbers] = parseArgs({ allowPositionals: true }).positionals
const [before = 0, seconds = 0, ...ports] = numbers.map(Number)
const open = CLIENTS[name]
if (open === undefined) throw new Error(`no client ${name}, but: ${Object.keys(CLIENTS).join(', ')}`)
const meters = await Promise.all(ports.map(open))

/** Each meter once a second, at a moment of its own. */
async function poll(turns: number): Promise<{ read: number; missed: number }> {
  const counts = { read: 0, missed: 0 }
  const begin = performance.now()
  const each = meters.map(async (meter, i) => {
    for (let turn = 0; turn < turns; turn++) {
      await wait(Math.max(0, begin + 1_000 * (turn + i / meters.length) - performance.now()))
      if (await meter()) counts.read++
      else counts.missed++
    }
  })
  await Promise.all(each)
  return counts
}

await poll(before)
const from = process.cpuUsage()
const counts = await poll(seconds)
const { user, system } = process.cpuUsage(from)
const figures = { ...counts, cpuS: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() }
process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit())

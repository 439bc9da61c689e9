import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './median.ts'

const PROGRAM = join(import.meta.dirname, '../simulator/src/simulate.ts')
const PEER = join(import.meta.dirname, 'fleet_pymodbus.py')
const HOUSES = 1_000
const SECONDS = 30
/** What the fleet may take. */
const BUDGET_MIB = 1_024
/** Clock ticks of /proc, a second; Linux has had this value on every machine that Node runs on. */
const TICKS = 100

/** What is asked of a device: of the meter from the total power to the counters, of the inverter model 103. */
const ASKED = {
  meter: { function: 4, at: 0x34, count: 24 },
  inverter: { function: 3, at: 40_070, count: 50 },
} as const

interface Device {
  readonly where: string
  readonly unitId: number
  readonly kind: keyof typeof ASKED
}

/** A device's answers, and how long they took. */
interface Figures {
  readonly latenciesMs: number[]
  wrong: number
}

function requestTo({ unitId, kind }: Device, transaction: number): Buffer {
  const { function: code, at, count } = ASKED[kind]
  const bytes = Buffer.alloc(12)
  bytes.writeUInt16BE(transaction, 0)
  bytes.writeUInt16BE(6, 4)
  bytes.set([unitId, code], 6)
  bytes.writeUInt16BE(at, 8)
  bytes.writeUInt16BE(count, 10)
  return bytes
}

/** Asks one device once a second, at its own place in the second; resolves when it has answered for the last time. */
async function follow(device: Device, place: number, figures: Figures): Promise<void> {
  const [host = '', port] = device.where.split(':')
  const socket: Socket = connect({ host, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  try {
    const begin = performance.now() + place * 1000
    for (let i = 0; i < SECONDS; i++) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, begin + i * 1000 - performance.now())))
      const asked = performance.now()
      socket.write(requestTo(device, i))
      const [answer] = (await once(socket, 'data')) as [Buffer]
      figures.latenciesMs.push(performance.now() - asked)
      const { function: code, count } = ASKED[device.kind]
      if (answer.length !== 9 + 2 * count || answer[7] !== code) figures.wrong++
    }
  } finally {
    socket.destroy()
  }
}

/** Resident memory in MiB, and processor time in seconds; undefined where /proc is not. */
function usageOf({ pid }: ChildProcess): { readonly rssMib: number; readonly cpuS: number } | undefined {
  try {
    const rssKib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return { rssMib: Math.round(rssKib / 1024), cpuS: (Number(stat[11]) + Number(stat[12])) / TICKS }
  } catch {
    return undefined
  }
}

interface Served {
  readonly child: ChildProcess
  readonly devices: readonly Device[]
}

/** What the first whole piece of standard output that matches says. */
function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.once('error', reject)
    child.once('exit', () => reject(new Error('it stopped')))
    child.stdout?.on('data', (data) => {
      text += data
      const [, found] = pattern.exec(text) ?? []
      if (found !== undefined) resolve(found)
    })
  })
}

async function startOurs(file: string): Promise<Served> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const control = await said(child, /control: (\S+)\n/)
  const listed = (await (await fetch(`${control}/devices`)).json()) as { name: string; where: string; unitId: number }[]
  const devices = listed.map(({ name, where, unitId }) => {
    return { where, unitId, kind: name.endsWith('-inverter') ? 'inverter' : 'meter' } as const
  })
  return { child, devices }
}

/** pymodbus with Python of `WATTFLEET_PYTHON`: as many meters and inverters, whose registers stand still. */
async function startPeer(python: string, inverters: number): Promise<Served> {
  const child = spawn(python, [PEER, String(HOUSES), String(inverters)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ports = JSON.parse(await said(child, /(\[.*\])\n/)) as number[]
  const devices = ports.flatMap((port, i): Device[] => {
    const where = `127.0.0.1:${port}`
    const meter = { where, unitId: 1, kind: 'meter' } as const
    return i < inverters ? [meter, { where, unitId: 2, kind: 'inverter' }] : [meter]
  })
  return { child, devices }
}

/** Reads everything for `SECONDS`, and ends the process. */
async function measure(name: string, start: Promise<Served>, print: (line: string) => void) {
  const began = performance.now()
  const { child, devices } = await start
  try {
    const startS = Number(((performance.now() - began) / 1000).toFixed(1))
    const before = usageOf(child)
    print(`${name}: ${HOUSES} houses with ${devices.length} devices serve after ${startS} s, ${before?.rssMib} MiB`)
    const figures: Figures = { latenciesMs: [], wrong: 0 }
    const rss: number[] = []
    const watching = setInterval(() => rss.push(usageOf(child)?.rssMib ?? Number.NaN), 1000)
    await Promise.all(devices.map((device, i) => follow(device, i / devices.length, figures)))
    clearInterval(watching)
    const after = usageOf(child)
    const sorted = figures.latenciesMs.sort((a, b) => a - b)
    const medianMs = Number(median(sorted).toFixed(1))
    const p99Ms = Number(sorted[Math.floor(sorted.length * 0.99)]?.toFixed(1))
    const cpu = before && after ? Number(((after.cpuS - before.cpuS) / SECONDS).toFixed(3)) : undefined
    const mostMib = Math.max(...rss)
    print(`${name}: ${sorted.length} answers, ${figures.wrong} wrong, half in ${medianMs} ms, 99% in ${p99Ms} ms`)
    print(`${name}: ${mostMib} MiB at most, ${cpu} of a processor`)
    const counted = { devices: devices.length, answers: sorted.length, wrong: figures.wrong }
    return { ...counted, startS, idleMib: before?.rssMib, mostMib, cpu, medianMs, p99Ms }
  } finally {
    child.kill()
  }
}

/**
 * A thousand houses in one process: every meter and every inverter is read once a second over a connection of its own; and
 * beside it pymodbus' server with as many devices, which count nothing. The ratio is the memory that the process takes of
 * the gibibyte that it may take.
 */
export async function run(print: (line: string) => void): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-bench-'))
  const file = join(folder, 'fleet.yaml')
  writeFileSync(file, JSON.stringify({ seed: 42, control: { port: 0 }, fleet: { count: HOUSES, port: 0 } }))
  try {
    const ours = await measure('ours', startOurs(file), print)
    const python = process.env.WATTFLEET_PYTHON
    const peer = python && (await measure('pymodbus', startPeer(python, ours.devices - HOUSES), print))
    const ratio = Number((ours.mostMib / BUDGET_MIB).toFixed(3))
    return { bench: 'fleet', houses: HOUSES, ours, ...(peer && { pymodbus: peer }), ratio }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

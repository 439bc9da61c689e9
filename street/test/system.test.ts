import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isFree } from '../src/street.ts'

const ROOT = resolve(import.meta.dirname, '..', '..')
const stateDir = mkdtempSync(join(tmpdir(), 'wattfleet-street-'))
const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(stateDir, { recursive: true, force: true })
})

/** Consecutive free ports, the first of them. */
async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const first = 20_000 + Math.floor(Math.random() * 20_000)
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree('127.0.0.1', first + i)))
    if (free.every(Boolean)) return first
  }
  throw new Error('no free ports')
}

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function start(args: readonly string[]): { child: ChildProcess; stderr: () => string; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'street/src/main.ts', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<Ended>((done) => child.once('close', (code) => done({ code, stdout, stderr })))
  return { child, stderr: () => stderr, ended }
}

/** Processes whose configuration lies in the street's folder. */
function partsRunning(): { pid: number; name: string }[] {
  const found: { pid: number; name: string }[] = []
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0')
      const config = command.find((word) => word.startsWith(join(stateDir, 'configs')))
      if (config !== undefined) found.push({ pid: Number(entry), name: config.replace(/^.*\/(.*)\.json$/, '$1') })
    } catch {
      // the process has ended meanwhile
    }
  }
  return found
}

async function until(condition: () => boolean, ended: Promise<Ended>): Promise<void> {
  let over = false
  void ended.then(() => {
    over = true
  })
  while (!condition()) {
    if (over) throw new Error(`the street ended before: ${(await ended).stderr}`)
    await new Promise((done) => setTimeout(done, 50))
  }
}

/** These tests look into /proc for what is left running. */
describe.runIf(process.platform === 'linux')('the street, by its command', { timeout: 600_000 }, () => {
  let flags: string[]

  it('comes to three settled trades, also when hub, agent and chain are killed on the way', async () => {
    const port = await freePorts(20)
    flags = ['--state-dir', stateDir, '--http-port', `${port}`, '--mqtt-port', `${port + 1}`, '--chain-port']
    flags.push(`${port + 2}`, '--enrol-port', `${port + 3}`, '--device-port', `${port + 4}`)
    const { stderr, ended } = start([...flags, '--once'])
    const kill = (name: string) => {
      const pid = partsRunning().find((part) => part.name === name)?.pid
      if (pid === undefined) throw new Error(`${name} does not run`)
      process.kill(pid, 'SIGKILL')
    }
    await until(() => stderr().includes('first trade\n'), ended)
    kill('hub')
    kill('agent-house-4')
    await until(() => stderr().includes('hub ended (SIGKILL)'), ended)
    kill('chain')
    const { code, stdout } = await ended
    expect(code, stderr()).toBe(0)
    expect(partsRunning()).toEqual([])

    const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number | string>
    expect(Object.keys(result)).toEqual([
      ...['orders', 'trades', 'settled', 'energyBoughtWh', 'energySoldWh', 'moneyInNano', 'moneyOutNano'],
      ...['refused', 'firstSettledMs'],
    ])
    expect(result.settled).toBeGreaterThanOrEqual(3)
    expect(result.trades).toBeGreaterThanOrEqual(Number(result.settled))
    expect(result.energyBoughtWh).toBe(result.energySoldWh)
    expect(result.energyBoughtWh).toBeGreaterThan(0)
    expect(result.moneyInNano).toBe(result.moneyOutNano)
    expect(BigInt(result.moneyInNano ?? 0)).toBeGreaterThan(0n)
  })

  it('goes on from what it stored, and stops in less than five seconds without leaving a process', async () => {
    const { child, stderr, ended } = start(flags)
    let stdout = ''
    child.stdout?.on('data', (chunk) => {
      stdout += chunk
    })
    // the totals of what was stored, and of what is new
    await until(() => / [3-9]\d* settled;| \d\d+ settled;/.test(stdout), ended)
    const second = await start([
      ...flags.map((flag) => (/^\d+$/.test(flag) ? String(Number(flag) + 100) : flag)),
      '--fresh',
    ]).ended
    expect(second).toMatchObject({ code: 2, stderr: expect.stringContaining('belongs to a street that runs') })
    const begunMs = performance.now()
    child.kill('SIGINT')
    const { code } = await ended
    expect(code, stderr()).toBe(0)
    expect(performance.now() - begunMs).toBeLessThan(5_000)
    expect(stdout).toMatch(/ s {2}stopping\n *[\d.]+ s {2}stopped; what is kept in .* goes on with the next start\n$/)
    expect(partsRunning()).toEqual([])
  })

  it('leaves nothing behind when it is killed itself', async () => {
    const { child, ended } = start(flags)
    let stdout = ''
    child.stdout?.on('data', (chunk) => {
      stdout += chunk
    })
    await until(() => stdout.includes('chain: runtime loaded'), ended)
    child.kill('SIGKILL')
    await ended
    while (partsRunning().length > 0) await new Promise((done) => setTimeout(done, 50))
  })

  it('refuses a port that is taken, by its name, and flags it does not know', async () => {
    const taken = createServer()
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done))
    const { port } = taken.address() as { port: number }
    const refused = await start([...flags, '--http-port', `${port}`]).ended
    taken.close()
    expect(refused).toMatchObject({ code: 2, stderr: `port ${port} is in use: choose another with --http-port\n` })
    const unknown = await start(['--colour']).ended
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain("Unknown option '--colour'")
    const wrong = await start(['--rate', '0']).ended
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('street: rate: ')
  })
})

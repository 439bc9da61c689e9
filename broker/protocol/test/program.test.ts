import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { monotonicMs } from '../src/clock.ts'
import { Fault } from '../src/fault.ts'
import { aborted, clockFromEnvironment, EXIT, unlessAborted } from '../src/program.ts'

const CHILD = join(import.meta.dirname, 'support/program-child.ts')
const GOOD = { port: 0, tls: { cert: 'a.pem' } }

/** Code and signal, when all output is in. (`close` would say it, but not after the parent has disconnected.) */
async function endOf(child: ChildProcess): Promise<[code: number | null, signal: string | null]> {
  const pipes = [child.stdout, child.stderr].map((pipe) => pipe && once(pipe, 'close'))
  const [[code, signal]] = await Promise.all([once(child, 'exit'), ...pipes])
  return [code, signal]
}

describe('runProgram', () => {
  let folder: string
  let path: string
  const children: ChildProcess[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wattfleet-program-'))
    path = join(folder, 'program.json')
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })

  interface Start {
    readonly config?: unknown
    readonly args?: readonly string[]
    readonly behaviour?: string
    readonly ipc?: boolean
    readonly clock?: string
  }

  function start({ config = GOOD, args = ['--config', path], behaviour = 'serve', ipc = true, clock }: Start = {}) {
    writeFileSync(path, JSON.stringify(config))
    const { WATTFLEET_CLOCK: _, ...inherited } = process.env
    const env = { ...inherited, PROGRAM: behaviour, ...(clock === undefined ? {} : { WATTFLEET_CLOCK: clock }) }
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
    })
    children.push(child)
    const said = { out: '', err: '' }
    const gather = (to: 'out' | 'err') => (chunk: Buffer) => {
      said[to] += chunk.toString('utf8')
    }
    child.stdout?.on('data', gather('out'))
    child.stderr?.on('data', gather('err'))
    return { child, said, ended: endOf(child) }
  }

  /** The next message of a child; fails when it ends instead of speaking. */
  async function heard({ child, said, ended }: ReturnType<typeof start>): Promise<unknown> {
    const [message] = (await Promise.race([
      once(child, 'message'),
      ended.then(() => expect.fail(`ended without a word: ${said.err}`)),
    ])) as [unknown]
    return message
  }

  it('says when it is ready, and ends with 0 on SIGTERM after it has stopped', async () => {
    const program = start()
    expect(await heard(program)).toBe('ready')
    program.child.kill('SIGTERM')
    expect(await program.ended).toEqual([EXIT.ok, null])
    expect(program.said).toEqual({ out: 'serving true\nstopped\n', err: '' })
  })

  it('ends with 0 on SIGINT, also without a parent to tell', async () => {
    const program = start({ ipc: false })
    await once(program.child.stdout ?? expect.fail('a pipe'), 'data')
    program.child.kill('SIGINT')
    expect(await program.ended).toEqual([EXIT.ok, null])
    expect(program.said.out).toContain('stopped')
  })

  it('stops when the parent that holds its channel lets go', async () => {
    const program = start()
    expect(await heard(program)).toBe('ready')
    program.child.disconnect()
    expect(await program.ended).toEqual([EXIT.ok, null])
    expect(program.said).toEqual({ out: 'serving true\nstopped\n', err: '' })
  })

  it('stops in order when the parent goes while it still starts', async () => {
    const program = start({ behaviour: 'slow' })
    expect(await heard(program)).toBe('started')
    program.child.disconnect()
    expect(await program.ended).toEqual([EXIT.ok, null])
    expect(program.said).toEqual({ out: 'serving true\nstopped\n', err: '' })
  })

  it('stops when the parent was gone before it began', async () => {
    const program = start({ behaviour: 'orphan' })
    expect(await heard(program)).toBe('started')
    program.child.disconnect()
    expect(await program.ended).toEqual([EXIT.ok, null])
    expect(program.said.out).toContain('stopped')
  })

  it.each([['--help'], ['-h']])('says what it is with %s', async (flag) => {
    const program = start({ args: [flag] })
    expect(await program.ended).toEqual([EXIT.ok, null])
    expect(program.said.out).toMatch(/^usage: main\.ts --config <file\.json>\n\nListens on a port\.\n\nExit codes: /)
    expect(program.said.err).toBe('')
  })

  it.each([
    {
      name: 'no configuration named',
      given: { args: [] },
      says: (): string | RegExp => 'usage: main.ts --config <file.json>\n',
    },
    {
      name: 'an option that does not exist',
      given: { args: ['--conifg', 'x.json'] },
      says: (): string | RegExp => /^usage: main\.ts --config <file\.json>: .*--conifg.*\n$/,
    },
    {
      name: 'an option without its value',
      given: { args: ['--config'] },
      says: (): string | RegExp => /^usage: main\.ts --config <file\.json>: .*\n$/,
    },
    {
      name: 'a file that is missing',
      given: { args: ['--config', '/nowhere/program.json'] },
      says: (): string | RegExp => /^\/nowhere\/program\.json: cannot be read: ENOENT.*\n$/,
    },
    {
      name: 'two mistakes',
      given: { config: { port: -1 } },
      says: (): string | RegExp =>
        `${path}: port: expected a port, got -1\n${path}: tls.cert: expected a path, got undefined\n`,
    },
    {
      name: 'a clock that cannot be read',
      given: { clock: 'noon' },
      says: (): string | RegExp => 'WATTFLEET_CLOCK: expected {"monotonicMs", "streetMs", "rate" > 0}, got noon\n',
    },
  ])('ends with 2 and says why on the error output: $name', async ({ given, says }) => {
    const program = start(given)
    expect(await program.ended).toEqual([EXIT.config, null])
    expect(program.said.out).toBe('')
    const expected = says()
    if (typeof expected === 'string') expect(program.said.err).toBe(expected)
    else expect(program.said.err).toMatch(expected)
  })

  it('ends with 1 on a fault while running, without a stack: its message says enough', async () => {
    const program = start({ behaviour: 'fault' })
    expect(await program.ended).toEqual([EXIT.fault, null])
    expect(program.said.err).toBe('the disk is full\n')
  })

  it('ends with 1 on a bug, with its stack', async () => {
    const program = start({ behaviour: 'bug' })
    expect(await program.ended).toEqual([EXIT.fault, null])
    expect(program.said.err).toMatch(/^a bug\nTypeError: a bug\n {4}at .*program-child\.ts/)
  })
})

describe('clockFromEnvironment', () => {
  it('is the street’s where an anchor is given', () => {
    const anchor = { monotonicMs: monotonicMs() - 1_000, streetMs: 5_000_000, rate: 30 }
    const now = clockFromEnvironment(JSON.stringify(anchor)).nowMs()
    expect(now).toBeGreaterThanOrEqual(5_030_000)
    expect(now).toBeLessThan(5_000_000 + 30 * 61_000)
  })

  it('is the wall’s where none is', () => {
    const before = Date.now()
    const now = clockFromEnvironment(undefined).nowMs()
    expect(now >= before && now <= Date.now()).toBe(true)
  })

  it.each([
    '',
    '{',
    'null',
    '[]',
    '7',
    '{}',
    '{"monotonicMs":1,"streetMs":1}',
    '{"monotonicMs":1,"streetMs":1,"rate":0}',
    '{"monotonicMs":1,"streetMs":1,"rate":-1}',
    '{"monotonicMs":1,"streetMs":1,"rate":"30"}',
    '{"monotonicMs":null,"streetMs":1,"rate":30}',
    '{"monotonicMs":1,"streetMs":1e999,"rate":30}',
  ])('refuses %j as a faulty configuration', (text) => {
    const make = () => clockFromEnvironment(text)
    expect(make).toThrow(Fault)
    expect(make).toThrow(
      expect.objectContaining({ code: 'config', message: expect.stringContaining('WATTFLEET_CLOCK') }),
    )
  })
})

describe('aborted()', () => {
  it('is over when the signal is, or was', async () => {
    const controller = new AbortController()
    let over = 0
    const waiting = aborted(controller.signal).then(() => over++)
    await new Promise((resolve) => setImmediate(resolve))
    expect(over).toBe(0)
    controller.abort()
    await waiting
    await aborted(controller.signal)
    expect(over).toBe(1)
  })
})

describe('unlessAborted()', () => {
  const late = new Fault('timeout', 'too late')
  const within = <T>(awaited: Promise<T>, signal: AbortSignal) => unlessAborted(awaited, signal, () => late)

  it('yields what is awaited, or throws it, and leaves nothing at the signal', async () => {
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    expect(await within(Promise.resolve(7), signal)).toBe(7)
    const own = new Error('own')
    await expect(within(Promise.reject(own), signal)).rejects.toBe(own)
    await new Promise((resolve) => setImmediate(resolve))
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(added.mock.calls.map(([, listener]) => listener))
    expect(removed).toHaveBeenCalledTimes(2)
  })

  it('throws the fault where the signal is aborted first, or was, and lets what fails after that go', async () => {
    const controller = new AbortController()
    let fail: (error: Error) => void = () => undefined
    const awaited = new Promise<never>((_, reject) => {
      fail = reject
    })
    const waiting = within(awaited, controller.signal)
    controller.abort()
    await expect(waiting).rejects.toBe(late)
    await expect(within(awaited, controller.signal)).rejects.toBe(late)
    // Vitest fails where a rejection is left to nobody
    fail(new Error('later'))
    await new Promise((resolve) => setImmediate(resolve))
  })
})

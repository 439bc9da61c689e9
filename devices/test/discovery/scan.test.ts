import { Fault, manualClock } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { systemLines } from '../../src/adapters/lines.ts'
import { exceptionFault } from '../../src/core/faults.ts'
import { NETWORK_TIMING } from '../../src/core/plan.ts'
import type { Lines } from '../../src/discovery/ports.ts'
import { type ScanEvent, type ScanOptions, scan } from '../../src/discovery/scan.ts'
import { FRAMES, planScan, type ScanWish } from '../../src/discovery/scan-plan.ts'
import { targetText } from '../../src/discovery/target.ts'
import { shippedModel } from '../../src/index.ts'
import type { RegisterRequest } from '../../src/ports.ts'
import { deviceThat, gateway, sdm630, sunSpecInverter } from '../cli/devices.ts'

const models = ['eastron-sdm630', 'eastron-sdm120', 'abb-b23'].map(shippedModel)

/** What comes at a serial port with these settings: registers, or a Fault. */
type Answer = (setting: string, request: RegisterRequest) => readonly number[] | Fault

const silence = new Fault('timeout', 'no answer', { retryable: true })

/** Serial ports that answer as the test says, and all that was asked of them. */
function serialPorts(answer: Answer) {
  const asked: string[] = []
  const opened: string[] = []
  const open: Lines['open'] = (target) => {
    const setting = targetText(target)
    opened.push(setting)
    return {
      timing: NETWORK_TIMING,
      async readRegisters(request) {
        asked.push(`${setting} unit ${request.unitId} ${request.kind} ${request.at}`)
        const came = answer(setting, request)
        if (came instanceof Fault) throw came
        return came
      },
      close: async () => void opened.push(`closed ${setting}`),
    }
  }
  return { asked, opened, lines: { ...systemLines(), open } }
}

async function scanned(wish: Partial<ScanWish>, options: Partial<ScanOptions> = {}) {
  const plan = planScan({ serial: [], network: [], bauds: [9_600, 19_200], frames: FRAMES, units: [1, 2], ...wish })
  const events: ScanEvent[] = []
  const finds = await scan({
    ...{ plan, models, isThorough: false, clock: manualClock(0), signal: new AbortController().signal },
    ...{ lines: systemLines(), onEvent: (event) => events.push(event), ...options },
  })
  return { finds, events, told: events.filter(({ is }) => is !== 'asking') }
}

const at = (port: number) => ({ via: 'tcp', host: '127.0.0.1', port }) as const
const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

describe('a scan of a serial port', () => {
  it('takes an exception for the proof of a device, and leaves the other settings alone then', async () => {
    const { lines, asked, opened } = serialPorts((setting, { unitId }) =>
      setting.endsWith('9600 8E1') && unitId === 2 ? exceptionFault(2, 'unit 2') : silence,
    )
    const { finds, told } = await scanned({ serial: [{ path: 'tty' }] }, { lines })
    expect(finds).toMatchObject([{ units: [2], target: { baudRate: 9_600, parity: 'even', stopBits: 1 } }])
    expect(finds[0]?.evidence[0]).toEqual({
      asked: { kind: 'input', at: 0, count: 2 },
      came: { is: 'exception', code: 2 },
    })
    expect(told.map(({ is }) => is)).toEqual(['found', 'skipped'])
    expect(told[1]).toEqual({ is: 'skipped', path: 'tty', settings: 4 })
    expect(asked.slice(0, 6)).toEqual([
      ...['tty 9600 8N1 unit 1 input 0', 'tty 9600 8N1 unit 1 holding 0'],
      ...['tty 9600 8N1 unit 2 input 0', 'tty 9600 8N1 unit 2 holding 0'],
      ...['tty 9600 8E1 unit 1 input 0', 'tty 9600 8E1 unit 1 holding 0'],
    ])
    // a line is never open twice
    for (const [i, text] of opened.entries()) expect(text.startsWith('closed ')).toBe(i % 2 === 1)
  })

  it('goes on with other settings where it is to be thorough', async () => {
    const { lines, opened } = serialPorts((setting) => (setting.includes('9600') ? exceptionFault(1, '') : silence))
    const { finds } = await scanned({ serial: [{ path: 'tty' }], units: [1] }, { lines, isThorough: true })
    expect(finds).toHaveLength(3)
    expect(opened).toContain('tty 19200 8N2')
  })

  it('gives a port up that cannot be opened, and says why', async () => {
    const broken = new Fault('transport', 'tty: Permission denied', { retryable: true })
    const { lines, asked } = serialPorts((setting) => (setting.startsWith('tty ') ? broken : silence))
    const { told } = await scanned({ serial: [{ path: 'tty' }, { path: 'other' }], units: [1] }, { lines })
    expect(told).toEqual([expect.objectContaining({ is: 'closed', why: 'tty: Permission denied' })])
    expect(asked.filter((text) => text.startsWith('tty '))).toHaveLength(1)
    expect(asked.filter((text) => text.startsWith('other '))).toHaveLength(12)
  })

  it('tells of what came and is no answer', async () => {
    const { lines } = serialPorts(() => new Fault('protocol', 'an answer whose CRC is wrong', { retryable: true }))
    const { finds, told } = await scanned({ serial: [{ path: 'tty', baudRate: 9_600, frame: FRAMES[0] }] }, { lines })
    expect(finds).toEqual([])
    expect(told).toMatchObject(
      [1, 1, 2, 2].map((unitId) => ({ is: 'noise', unitId, why: 'an answer whose CRC is wrong' })),
    )
  })

  it('ends at once when it is interrupted', async () => {
    const stop = new AbortController()
    const { lines, asked } = serialPorts(() => {
      stop.abort()
      return silence
    })
    const { finds } = await scanned({ serial: [{ path: 'tty' }] }, { lines, signal: stop.signal })
    expect(finds).toEqual([])
    expect(asked).toHaveLength(1)
  })
})

describe('a scan of addresses', () => {
  it('finds what is behind a gateway, each with its evidence and the models that fit', async () => {
    const { port, asked } = await deviceThat(gateway({ 1: sdm630(), 3: sunSpecInverter() }))
    const { finds, told } = await scanned({ network: [at(port)], units: [1, 2, 3] })
    expect(finds).toMatchObject([
      {
        units: [1],
        ranked: [{ modelId: 'eastron-sdm630', fit: 'likely' }, { modelId: 'eastron-sdm120' }, { fit: 'no' }],
      },
      {
        units: [3],
        sunSpec: { base: 40_000, maker: 'Example', model: 'Three phases', serial: '0001' },
        ranked: [{ fit: 'no' }, { fit: 'no' }, { fit: 'no' }],
      },
    ])
    expect(finds[0]?.evidence[0]?.came).toEqual({ is: 'registers', registers: [0x4366, 0x199a] })
    expect(finds[1]?.sunSpec?.models.map(({ id }) => id)).toEqual([1, 103, 64_900])
    expect(told.map(({ is }) => is)).toEqual(['unreached', 'found', 'found'])
    // read only, ever
    expect([...new Set(asked.map(({ code }) => code))].sort()).toEqual([3, 4])
  })

  it('does not rule a model out whose voltages the device says it has not', async () => {
    const none = { voltageL1: NaN, voltageL2: NaN, voltageL3: NaN, frequency: NaN }
    const { port } = await deviceThat(sdm630(none))
    const { finds } = await scanned({ network: [at(port)], units: [1] })
    expect(finds[0]?.ranked.find(({ modelId }) => modelId === 'eastron-sdm630')).toMatchObject({
      ...{ fit: 'possible', given: 2 },
    })
  })

  it('takes units that answer alike for one', async () => {
    const { port } = await deviceThat(sdm630())
    const { finds } = await scanned({ network: [at(port)], units: [1, 2, 7] })
    expect(finds).toMatchObject([{ units: [1, 2, 7] }])
  })

  it('tells what accepts connections and is silent from what does not accept any', async () => {
    const silent = await deviceThat(() => undefined)
    const gone = await deviceThat(() => undefined)
    await gone.close()
    const { told } = await scanned({ network: [at(silent.port), at(gone.port)], timeoutMs: 20 })
    expect(told.map(({ is }) => is).sort()).toEqual(['closed', 'silent'])
    expect(gone.asked).toEqual([])
  })

  it('identifies a device that is silent where it has no register', async () => {
    const answer = sdm630()
    const { port } = await deviceThat((asked, line) => {
      if (asked.code === 4 && asked.at + asked.count <= 0x4c) answer(asked, line)
    })
    const { finds } = await scanned({ network: [at(port)], units: [1], timeoutMs: 30 })
    expect(finds[0]?.ranked[0]).toMatchObject({ modelId: 'eastron-sdm630', fit: 'likely' })
  })

  it('asks only so many at a time', async () => {
    let open = 0
    let most = 0
    const knock = async () => {
      most = Math.max(most, ++open)
      await new Promise((resolve) => setImmediate(resolve))
      open--
      return { isOpen: false as const, why: 'nobody' }
    }
    const network = Array.from({ length: 100 }, (_, i) => at(1 + i))
    const { told } = await scanned({ network }, { lines: { ...systemLines(), knock } })
    expect(told).toHaveLength(100)
    expect(most).toBe(32)
  })
})

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkConfig } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { simulatorConfig, sixHouses } from '../src/index.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
let folder: string
const children: ChildProcess[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulator-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

async function start(config: unknown) {
  const path = join(folder, 'simulator.json')
  await writeFile(path, JSON.stringify(config))
  const child = spawn(process.execPath, [MAIN, '--config', path], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  children.push(child)
  let stderr = ''
  child.stderr?.on('data', (data) => {
    stderr += data
  })
  return { child, exit: once(child, 'exit'), stderr: () => stderr }
}

const good = () => ({ stateDir: join(folder, 'state'), logLevel: 'silent', houses: sixHouses({ basePort: 0 }) })

describe('the simulator program', () => {
  it('serves, says that it is ready, and stops within two seconds of being asked', async () => {
    const { child, exit } = await start(good())
    expect(await once(child, 'message')).toContain('ready')
    const asked = performance.now()
    child.kill('SIGTERM')
    expect(await exit).toEqual([0, null])
    expect(performance.now() - asked).toBeLessThan(2000)
  })

  it('refuses a wrong configuration with exit code 2, file and path', async () => {
    const { exit, stderr } = await start({ ...good(), seed: -1 })
    expect(await exit).toEqual([2, null])
    expect(stderr()).toMatch(/simulator\.json: seed: /)
  })
})

describe('the configuration', () => {
  const [consumer, , producer] = sixHouses({ basePort: 5020 })
  const rows: readonly [string, object, RegExp][] = [
    ['an unknown key', { more: 1 }, /more/i],
    ['no houses', { houses: [] }, /houses/],
    ['a port that is none', { houses: [{ ...consumer, meterPort: 70_000 }] }, /houses\.0\.meterPort/],
    ['two houses of one name', { houses: [consumer, consumer] }, /houses: expected different names/],
    [
      'a battery without panels',
      { houses: [{ ...consumer, battery: { capacityWh: 1, powerW: 1 } }] },
      /houses\.0\.battery/,
    ],
    [
      'an inverter of nothing',
      { houses: [{ ...consumer, inverter: {} }] },
      /houses\.0\.inverter: the inverter is that/,
    ],
    ['a list of no panels', { houses: [{ ...producer, pv: [] }] }, /houses\.0\.pv/],
    [
      'planes beyond what registers hold',
      { houses: [{ ...producer, pv: [0, 180].map((azimuthDeg) => ({ peakW: 20_000, tiltDeg: 30, azimuthDeg })) }] },
      /houses\.0\.pv: expected planes of at most 30000 W together/,
    ],
    [
      'a reserve beyond the battery',
      { houses: [{ ...producer, battery: { capacityWh: 5_000, powerW: 1, reserveWh: 6_000 } }] },
      /houses\.0\.battery\.reserveWh: expected no more than capacityWh/,
    ],
    ['a heat pump of no house', { houses: [{ ...consumer, heatPump: { powerW: 2_000 } }] }, /heatPump\.heatLossWPerK/],
    [
      'a car that is back before it leaves',
      { houses: [{ ...consumer, car: { leavesAtH: 9, returnsAtH: 8 } }] },
      /houses\.0\.car\.returnsAtH: expected later than leavesAtH/,
    ],
    ['an inverter without panels', { houses: [{ ...consumer, inverterPort: 1 }] }, /houses\.0\.inverterPort/],
    ['panels without an inverter', { houses: [{ ...producer, inverterPort: undefined }] }, /houses\.0\.inverterPort/],
    ['a consumption of nothing', { houses: [{ ...consumer, annualKwh: 0 }] }, /houses\.0\.annualKwh/],
  ]
  it.each(rows)('refuses %s', (_, wrong, expected) => {
    expect(() => checkConfig({ ...good(), ...wrong }, simulatorConfig, 'file')).toThrow(expected)
  })

  it('puts six houses on ports from the base up, each port once', () => {
    const houses = checkConfig({ ...good(), houses: sixHouses({ basePort: 5020 }) }, simulatorConfig, 'file').houses
    const ports = houses.flatMap(({ meterPort, inverterPort }) => [meterPort, inverterPort ?? []].flat())
    expect(ports).toEqual([5020, 5022, 5024, 5025, 5026, 5027, 5028, 5029, 5030, 5031])
  })
})

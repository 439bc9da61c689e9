import { modelControls, openModbusTcp, shippedModel, sunSpecControls, sunSpecInverter } from '@wattfleet/devices'
import { checkConfig, manualClock } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { runScenario } from '../../src/scenario/run.ts'
import { scenarioSchema } from '../../src/scenario/schema.ts'
import { closing } from '../served.ts'

/** Monday, 18 May 2026, 10:00 UTC. */
const TEN_MS = 1_779_098_400_000
const never = new AbortController().signal
const clock = manualClock(TEN_MS)
const log = { info: () => undefined, warn: () => undefined }

/** A line to simulated devices. */
async function served(device: object, faults: readonly object[] = []) {
  const lines = { lan: { transport: 'modbus-tcp', port: 0 } }
  const devices = [{ name: 'device', line: 'lan', ...device }]
  const scenario = checkConfig({ lines, devices, faults }, scenarioSchema, 'file')
  const running = await runScenario(scenario, { source: 'x.yaml', clock, log })
  closing.push(() => running.stop())
  const connection = openModbusTcp({ host: '127.0.0.1', port: running.lines[0]?.port ?? 0, timeoutMs: 1_000 })
  closing.push(() => connection.close())
  return connection
}

const STOREDGE = {
  model: 'solaredge-storage',
  writable: ['commandTimeout', 'commandMode', 'chargeLimit', 'dischargeLimit'],
  values: {
    ...{ inverterMaker: 'SolarEdge', storageControl: 4, acChargePolicy: 0, defaultMode: 7 },
    ...{ commandTimeout: 3_600, commandMode: 7, chargeLimit: 5_000, dischargeLimit: 5_000 },
    ...{ maximumChargePower: 5_000, maximumDischargePower: 5_000 },
  },
}

describe('a simulated battery', () => {
  const model = shippedModel('solaredge-storage')

  it('is told to discharge and let go again', async () => {
    const connection = await served(STOREDGE)
    const controls = modelControls(connection, 1, model, true)
    const command = () => connection.readRegisters({ unitId: 1, kind: 'holding', at: 0xe00b, count: 7 }, never)
    await controls.set({ is: 'battery', mode: 'discharge', percent: 40 }, 900, never)
    // 900 s, maximize export, nothing in, 2000 W (0x44fa0000) out; the low word first
    expect(await command()).toEqual([900, 0, 4, 0, 0, 0x0000, 0x44fa])
    await controls.release('battery', never)
    expect(await command()).toEqual([900, 0, 7, 0x4000, 0x459c, 0x4000, 0x459c])
  })

  it('that can only be read keeps what it has', async () => {
    const connection = await served({ ...STOREDGE, writable: [] })
    const controls = modelControls(connection, 1, model, true)
    await expect(controls.set({ is: 'battery', mode: 'hold' }, 900, never)).rejects.toMatchObject({ code: 'device' })
    const left = await connection.readRegisters({ unitId: 1, kind: 'holding', at: 0xe00b, count: 3 }, never)
    expect(left).toEqual([3_600, 0, 7])
  })
})

describe('a simulated inverter of IEEE 1547-2018', () => {
  const values = {
    ...{ '701.InvSt': 3, '701.W': 3_210, '701.W_SF': 0, '701.TotWhInj': 9_876_543, '701.TotWh_SF': 0 },
    ...{ '704.WMaxLimPctEna': 0, '704.WMaxLimPct': 100, '704.WMaxLimPct_SF': -1, '704.WMaxLimPctRvrtTms': 0 },
    ...{ '704.WMaxLimPctEnaRvrt': 0, '714.NPrt': 1, '714.DCW': 3_300, '714.DCW_SF': 0, '714.DCWH_SF': 0 },
    ...{ '714.Prt1.IDStr': 'Roof', '714.Prt1.DCW': 3_300, '714.Prt1.DCWhInj': 1_000 },
  }
  const DER = { sunspec: { models: { 1: {}, 701: {}, 704: {}, 714: { parts: 1 } } }, values }

  it('is read', async () => {
    const connection = await served(DER)
    expect(await sunSpecInverter(connection, 1, clock).read(never)).toMatchObject({
      acPowerW: { quality: 'good', value: 3_210 },
      lifetimeEnergyWh: { quality: 'good', value: 9_876_543 },
      dcPowerW: { quality: 'good', value: 3_300 },
      state: { quality: 'good', value: 'mppt' },
      dcInputs: [{ name: 'Roof', powerW: { value: 3_300 }, energyWh: { value: 1_000 } }],
    })
  })

  it('is limited', async () => {
    const writable = ['WMaxLimPct', 'WMaxLimPctEna', 'WMaxLimPctEnaRvrt', 'WMaxLimPctRvrtTms'].map(
      (name) => `704.${name}`,
    )
    const connection = await served({ ...DER, writable })
    await sunSpecControls(connection, 1, true).set({ is: 'power-limit', percent: 60 }, 300, never)
    // after "SunS", 1 and 701: enabled, 60.0 %, what it reverts to, off, 300 s
    const at = 40_000 + 2 + 68 + 155 + 14
    const held = await connection.readRegisters({ unitId: 1, kind: 'holding', at, count: 6 }, never)
    expect([held[0], held[1], held[3], held[4], held[5]]).toEqual([1, 600, 0, 0, 300])
  })
})

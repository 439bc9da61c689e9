import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openModbusSerial, openModbusTcp, readSunSpecModel, walkModels } from '@wattfleet/devices'
import { manualClock } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { hasPseudoTerminals } from '../../../test-support/pseudo-terminals.ts'
import { describeWithPython } from '../../../test-support/python.ts'
import { closing } from '../served.ts'
import { BAUD_RATE, type Carrier, type Device, type Simulated, simulated } from './simulated.ts'

/*
 * The SunSpec Alliance's own client finds on a simulated device the models and values that our own reader finds.
 */
const SCAN = fileURLToPath(new URL('sunspec2_scan.py', import.meta.url))
const PEER = {
  name: 'pysunspec2 1.3 as a client',
  check: 'import sunspec2.modbus.client',
  install: 'pip install pysunspec2==1.3.7',
}
const isRequired = process.env.WATTFLEET_REQUIRE_INTEROP !== undefined || process.env.CI !== undefined
const never = new AbortController().signal
const UNIT = 7

/** An inverter with strings, a meter, controls with groups of each sort, and a battery. */
const INVERTER: Device = {
  name: 'meter',
  unit: UNIT,
  sunspec: {
    base: 40_000,
    models: {
      1: {},
      103: {},
      120: {},
      123: {},
      124: {},
      160: { parts: 3 },
      203: {},
      213: {},
      704: {},
      705: { parts: 2 },
      707: { parts: 2 },
      802: {},
    },
  },
  values: {
    ...{ '1.Mn': 'Hollandale Solar', '1.Md': 'HS three-phase', '1.Vr': '1.0', '1.SN': '0001', '1.DA': UNIT },
    ...{ '103.A': 13.91, '103.A_SF': -2, '103.PhVphA': 231.4, '103.V_SF': -1, '103.W': -3_200, '103.W_SF': 1 },
    ...{ '103.Hz': 49.98, '103.Hz_SF': -2, '103.WH': 3_000_000_000, '103.WH_SF': 0, '103.St': 4, '103.Evt1': 0b1010 },
    ...{ '120.WRtg': 10_000, '120.WRtg_SF': 1, '123.WMaxLimPct': 62.5, '123.WMaxLimPct_SF': -2, '123.WMaxLim_Ena': 1 },
    ...{ '124.InWRte': -50, '124.OutWRte': 100, '124.InOutWRte_SF': -2, '124.StorCtl_Mod': 3 },
    ...{ '160.N': 3, '160.DCW_SF': -1, '160.DCWH_SF': 0, '160.module1.IDStr': 'String 1', '160.module1.DCW': 205.3 },
    ...{
      '160.module3.IDStr': 'StDisCha',
      '160.module3.DCW': 0,
      '160.module3.DCWH': 4_000_000_001,
      '160.module3.DCSt': 4,
    },
    ...{
      '203.W': -1_234,
      '203.W_SF': 0,
      '203.TotWhImp': 98_760,
      '203.TotWhExp': 1_230,
      '203.TotWh_SF': 1,
      '213.W': -512.25,
    },
    ...{
      '704.PF_SF': -3,
      '704.PFWInj.PF': 0.95,
      '704.PFWInj.Ext': 1,
      '704.PFWAbsRvrt.PF': 0.9,
      '704.WSetPct': 40,
      '704.WSetPct_SF': 0,
    },
    ...{
      '705.V_SF': -1,
      '705.DeptRef_SF': -2,
      '705.Crv1.Pt1.V': 92.5,
      '705.Crv2.Pt2.V': 108.1,
      '705.Crv2.Pt2.Var': -44,
    },
    ...{ '707.V_SF': 0, '707.Tms_SF': -2, '707.Crv1.MustTrip.ActPt': 2, '707.Crv2.MomCess.Pt2.Tms': 1_000.5 },
    ...{ '802.SoC': 55.5, '802.SoC_SF': -1, '802.W': 1_500, '802.W_SF': 2 },
  },
}

interface Scanned {
  readonly base: number
  readonly models: readonly {
    readonly id: number
    readonly at: number
    readonly length: number
    readonly values: Readonly<Record<string, number | string | null>>
    readonly error: string
  }[]
}

describeWithPython(PEER, (python) => {
  async function scanned(carrier: Carrier, { port, path }: Simulated): Promise<Scanned> {
    const where = carrier === 'tcp' ? ['tcp', port, UNIT] : ['rtu', path, UNIT, BAUD_RATE]
    const { stdout } = await promisify(execFile)(python, [SCAN, ...where.map(String)])
    return JSON.parse(stdout)
  }

  function own(carrier: Carrier, { port, path }: Simulated) {
    const line = { path, baudRate: BAUD_RATE, parity: 'none', stopBits: 1, timeoutMs: 10_000 } as const
    const connection =
      carrier === 'tcp' ? openModbusTcp({ host: '127.0.0.1', port, timeoutMs: 10_000 }) : openModbusSerial(line)
    closing.push(() => connection.close())
    return connection
  }

  const carriers = (['tcp', 'serial'] as const).filter((one) => one === 'tcp' || hasPseudoTerminals() || isRequired)
  describe.each(carriers)('over %s', (carrier) => {
    it('finds the models and values that our own reader finds', async () => {
      const served = await simulated(carrier, [INVERTER])
      // one after the other: a serial line has one master
      const theirs = await scanned(carrier, served)
      const connection = own(carrier, served)
      const listed = await walkModels(connection, UNIT, never)
      expect(theirs.base).toBe(40_000)
      expect(theirs.models.map(({ id, at, length, error }) => ({ id, at, length, error }))).toEqual(
        listed.map((one) => ({ ...one, error: '' })),
      )
      for (const [name, value] of Object.entries(INVERTER.values ?? {})) {
        const [id, ...point] = name.split('.')
        const peer = theirs.models.find((one) => one.id === Number(id))?.values[point.join('.')]
        expect(peer, name).toEqual(typeof value === 'number' ? expect.closeTo(value, 9) : value)
      }
      for (const [i, at] of listed.entries()) {
        const { values } = await readSunSpecModel(connection, UNIT, at, manualClock(0), never)
        for (const { name, point, measured } of values) {
          const label = `${at.id}.${name}`
          const peer = theirs.models[i]?.values[name]
          if (measured.quality === 'missing') expect([measured.reason, peer], label).toEqual(['not-available', null])
          else if (typeof measured.value === 'number') expect(peer, label).toEqual(expect.closeTo(measured.value, 9))
          else if (typeof measured.value === 'string') expect(peer, label).toBe(measured.value)
          else expect(measured.value, label).toEqual(namesOf(Number(peer), point.bits))
        }
      }
    })
  })
})

function namesOf(bits: number, names: Readonly<Record<number, string>> = {}): string[] {
  return Object.entries(names).flatMap(([bit, name]) => ((bits / 2 ** Number(bit)) & 1 ? [name] : []))
}

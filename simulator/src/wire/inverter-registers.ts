import {
  encodeImage,
  knownSunSpec,
  layOut,
  type PointValues,
  SUNSPEC_BASES,
  SUNSPEC_END,
  SUNSPEC_MARKER,
} from '@wattfleet/devices'
import type { Flows, HouseSpec, HouseState } from '../core/house.ts'
import type { Registers } from './modbus-server.ts'

/** Operating states of model 103 and 160. */
const STATE = { sleeping: 2, mppt: 4, throttled: 5 } as const
const VOLTAGE_V = 230
const FREQUENCY_HZ = 50
/** Whole watts and watt-hours: what a household's inverter gives fits int16 and acc32. */
const UNIT_FACTOR = 0

/** The inverter of a house as a SunSpec device: models 1, 103 and 160 from register 40000. */
export function inverterRegisters(spec: HouseSpec, state: HouseState, flows: Flows): Registers {
  const words = [
    ...SUNSPEC_MARKER,
    ...common(spec),
    ...threePhase(state, flows),
    ...mppt(spec, state, flows),
    SUNSPEC_END,
    0,
  ]
  return { kind: 'holding', at: SUNSPEC_BASES[0], words: Uint16Array.from(words) }
}

/** The registers of a model with these values; without `parts` as long as its fixed part. */
function modelImage(id: number, values: PointValues, parts = 0): Uint16Array {
  const model = knownSunSpec(id)
  const length = model.length - 2 + parts * (model.groups?.[0]?.length ?? 0)
  const table = layOut(model, length, () => undefined)
  return encodeImage(table, { ID: id, L: length, ...values }, 2 + length)
}

function common(spec: HouseSpec): Uint16Array {
  return modelImage(1, { Mn: 'Hollandale Solar', Md: 'HS three-phase', Vr: '1.0', SN: spec.name, DA: 1 })
}

function threePhase(state: HouseState, flows: Flows): Uint16Array {
  const current = flows.inverterW / VOLTAGE_V
  const values: PointValues = {
    A: current,
    AphA: current / 3,
    AphB: current / 3,
    AphC: current / 3,
    A_SF: -2,
    PhVphA: VOLTAGE_V,
    PhVphB: VOLTAGE_V,
    PhVphC: VOLTAGE_V,
    V_SF: -1,
    W: flows.inverterW,
    W_SF: UNIT_FACTOR,
    Hz: FREQUENCY_HZ,
    Hz_SF: -2,
    WH: state.inverterWh,
    WH_SF: UNIT_FACTOR,
    DCW: flows.pvW + flows.dischargeW - flows.chargeW,
    DCW_SF: UNIT_FACTOR,
    St: stateOf(flows),
    Evt1: 0,
    Evt2: 0,
  }
  return modelImage(103, values)
}

/** One input for the panels; a battery adds one per direction, as hybrid inverters on the market list them. */
function mppt(spec: HouseSpec, state: HouseState, flows: Flows): Uint16Array {
  const inputs = [{ IDStr: 'String 1', DCW: flows.pvW, DCWH: state.pvWh }]
  if (spec.battery !== undefined) {
    inputs.push({ IDStr: 'StCha', DCW: flows.chargeW, DCWH: state.chargedWh })
    inputs.push({ IDStr: 'StDisCha', DCW: flows.dischargeW, DCWH: state.dischargedWh })
  }
  const modules = inputs.flatMap((input, i) =>
    Object.entries({ ID: i + 1, ...input, DCSt: stateOf(flows), DCEvt: 0 }).map(
      ([name, value]) => [`module${i + 1}.${name}`, value] as const,
    ),
  )
  const values = { DCW_SF: UNIT_FACTOR, DCWH_SF: UNIT_FACTOR, Evt: 0, N: inputs.length, ...Object.fromEntries(modules) }
  return modelImage(160, values, inputs.length)
}

function stateOf(flows: Flows): number {
  if (flows.throttled) return STATE.throttled
  return flows.pvW > 0 || flows.dischargeW > 0 ? STATE.mppt : STATE.sleeping
}

import {
  COMMON,
  COMMON_LENGTH,
  encodeImage,
  INVERTER_INTEGER,
  INVERTER_INTEGER_LENGTH,
  MPPT_HEAD,
  MPPT_HEAD_WORDS,
  MPPT_INPUT,
  MPPT_INPUT_WORDS,
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

function common(spec: HouseSpec): Uint16Array {
  const values = {
    ID: 1,
    L: COMMON_LENGTH,
    Mn: 'Hollandale Solar',
    Md: 'HS three-phase',
    Vr: '1.0',
    SN: spec.name,
    DA: 1,
  }
  return encodeImage(COMMON, values, 2 + COMMON_LENGTH)
}

function threePhase(state: HouseState, flows: Flows): Uint16Array {
  const current = flows.inverterW / VOLTAGE_V
  const values: PointValues = {
    ID: 103,
    L: INVERTER_INTEGER_LENGTH,
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
  return encodeImage(INVERTER_INTEGER, values, 2 + INVERTER_INTEGER_LENGTH)
}

/** One input for the panels; a battery adds one per direction, as hybrid inverters on the market list them. */
function mppt(spec: HouseSpec, state: HouseState, flows: Flows): number[] {
  const inputs = [{ IDStr: 'String 1', DCW: flows.pvW, DCWH: state.pvWh }]
  if (spec.battery !== undefined) {
    inputs.push({ IDStr: 'StCha', DCW: flows.chargeW, DCWH: state.chargedWh })
    inputs.push({ IDStr: 'StDisCha', DCW: flows.dischargeW, DCWH: state.dischargedWh })
  }
  const factors = { DCW_SF: UNIT_FACTOR, DCWH_SF: UNIT_FACTOR }
  const length = MPPT_HEAD_WORDS - 2 + inputs.length * MPPT_INPUT_WORDS
  const head = encodeImage(MPPT_HEAD, { ID: 160, L: length, ...factors, Evt: 0, N: inputs.length }, MPPT_HEAD_WORDS)
  const blocks = inputs.map((input, i) =>
    encodeImage(MPPT_INPUT, { ID: i + 1, ...input, ...factors, DCSt: stateOf(flows), DCEvt: 0 }, MPPT_INPUT_WORDS),
  )
  return [...head, ...blocks.flatMap((block) => [...block])]
}

function stateOf(flows: Flows): number {
  if (flows.throttled) return STATE.throttled
  return flows.pvW > 0 || flows.dischargeW > 0 ? STATE.mppt : STATE.sleeping
}

import { type PointValues, SUNSPEC_BASES } from '@wattfleet/devices'
import type { Flows, HouseSpec, HouseState } from '../core/house.ts'
import type { HouseNow } from '../houses.ts'
import type { WireDevice } from './device.ts'
import { sunSpecParts, sunSpecValues } from './sunspec-device.ts'

/** Operating states of model 103 and 160. */
const STATE = { sleeping: 2, mppt: 4, throttled: 5 } as const
const VOLTAGE_V = 230
const FREQUENCY_HZ = 50
/** Whole watts and watt-hours: what a household's inverter gives fits int16 and acc32. */
const UNIT_FACTOR = 0

/** The inverter of a house as a SunSpec device: models 1, 103 and 160 from register 40000. */
export function inverterDevice(
  name: string,
  unitId: number,
  spec: HouseSpec,
  now: () => Pick<HouseNow, 'state' | 'flows'>,
): WireDevice {
  const models = { 1: {}, 103: {}, 160: { parts: spec.battery === undefined ? 1 : 3 } }
  return {
    ...{ name, unitId, parts: sunSpecParts(models, SUNSPEC_BASES[0]) },
    values: () => {
      const { state, flows } = now()
      const inputs = inputsOf({ spec, state, flows })
      return sunSpecValues(models, { 1: common(spec), 103: threePhase(state, flows), 160: mppt(inputs, flows) })
    },
  }
}

function common(spec: HouseSpec): PointValues {
  return { Mn: 'Hollandale Solar', Md: 'HS three-phase', Vr: '1.0', SN: spec.name, DA: 1 }
}

function threePhase(state: HouseState, flows: Flows): PointValues {
  const current = flows.inverterW / VOLTAGE_V
  return {
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
}

interface Input {
  readonly IDStr: string
  readonly DCW: number
  readonly DCWH: number
}

/** One input for the panels; a battery adds one per direction, as hybrid inverters on the market list them. */
function inputsOf({ spec, state, flows }: HouseNow): Input[] {
  const inputs = [{ IDStr: 'String 1', DCW: flows.pvW, DCWH: state.pvWh }]
  if (spec.battery === undefined) return inputs
  inputs.push({ IDStr: 'StCha', DCW: flows.chargeW, DCWH: state.chargedWh })
  inputs.push({ IDStr: 'StDisCha', DCW: flows.dischargeW, DCWH: state.dischargedWh })
  return inputs
}

function mppt(inputs: readonly Input[], flows: Flows): PointValues {
  const modules = inputs.flatMap((input, i) =>
    Object.entries({ ID: i + 1, ...input, DCSt: stateOf(flows), DCEvt: 0 }).map(
      ([name, value]) => [`module${i + 1}.${name}`, value] as const,
    ),
  )
  return { DCW_SF: UNIT_FACTOR, DCWH_SF: UNIT_FACTOR, Evt: 0, N: inputs.length, ...Object.fromEntries(modules) }
}

function stateOf(flows: Flows): number {
  if (flows.throttled) return STATE.throttled
  return flows.pvW > 0 || flows.dischargeW > 0 ? STATE.mppt : STATE.sleeping
}

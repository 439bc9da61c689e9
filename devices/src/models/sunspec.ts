import { sunSpecTable } from './sunspec-types.ts'

/*
 * Models of the SunSpec Alliance (github.com/sunspec/models, json/model_<id>.json). Offsets count from the register that
 * holds the model's id; its length, which does not count id and length themselves, follows.
 */

/** Where "SunS" may stand: the specification's three addresses, the usual one first. */
export const SUNSPEC_BASES = [40_000, 0, 50_000] as const
/** "SunS" in two registers. */
export const SUNSPEC_MARKER = [0x5375, 0x6e53] as const
/** The id that ends the list of models. */
export const SUNSPEC_END = 0xffff

/** Model 1: who made it. Length 66. */
export const COMMON = sunSpecTable({
  ID: [0, 'uint16'],
  L: [1, 'uint16'],
  Mn: [2, 'string', 16],
  Md: [18, 'string', 16],
  Opt: [34, 'string', 8],
  Vr: [42, 'string', 8],
  SN: [50, 'string', 16],
  DA: [66, 'uint16'],
})
export const COMMON_LENGTH = 66

/** Models 101, 102 and 103: inverter with one, split or three phases, integers and scale factors. Length 50. */
export const INVERTER_INTEGER = sunSpecTable({
  ID: [0, 'uint16'],
  L: [1, 'uint16'],
  A: [2, 'uint16', 'A', 'A_SF'],
  AphA: [3, 'uint16', 'A', 'A_SF'],
  AphB: [4, 'uint16', 'A', 'A_SF'],
  AphC: [5, 'uint16', 'A', 'A_SF'],
  A_SF: [6, 'sunssf'],
  PPVphAB: [7, 'uint16', 'V', 'V_SF'],
  PPVphBC: [8, 'uint16', 'V', 'V_SF'],
  PPVphCA: [9, 'uint16', 'V', 'V_SF'],
  PhVphA: [10, 'uint16', 'V', 'V_SF'],
  PhVphB: [11, 'uint16', 'V', 'V_SF'],
  PhVphC: [12, 'uint16', 'V', 'V_SF'],
  V_SF: [13, 'sunssf'],
  W: [14, 'int16', 'W', 'W_SF'],
  W_SF: [15, 'sunssf'],
  Hz: [16, 'uint16', 'Hz', 'Hz_SF'],
  Hz_SF: [17, 'sunssf'],
  VA: [18, 'int16', 'VA', 'VA_SF'],
  VA_SF: [19, 'sunssf'],
  VAr: [20, 'int16', 'var', 'VAr_SF'],
  VAr_SF: [21, 'sunssf'],
  PF: [22, 'int16', 'Pct', 'PF_SF'],
  PF_SF: [23, 'sunssf'],
  WH: [24, 'acc32', 'Wh', 'WH_SF'],
  WH_SF: [26, 'sunssf'],
  DCA: [27, 'uint16', 'A', 'DCA_SF'],
  DCA_SF: [28, 'sunssf'],
  DCV: [29, 'uint16', 'V', 'DCV_SF'],
  DCV_SF: [30, 'sunssf'],
  DCW: [31, 'int16', 'W', 'DCW_SF'],
  DCW_SF: [32, 'sunssf'],
  TmpCab: [33, 'int16', 'C', 'Tmp_SF'],
  TmpSnk: [34, 'int16', 'C', 'Tmp_SF'],
  TmpTrns: [35, 'int16', 'C', 'Tmp_SF'],
  TmpOt: [36, 'int16', 'C', 'Tmp_SF'],
  Tmp_SF: [37, 'sunssf'],
  St: [38, 'enum16'],
  StVnd: [39, 'enum16'],
  Evt1: [40, 'bitfield32'],
  Evt2: [42, 'bitfield32'],
  EvtVnd1: [44, 'bitfield32'],
  EvtVnd2: [46, 'bitfield32'],
  EvtVnd3: [48, 'bitfield32'],
  EvtVnd4: [50, 'bitfield32'],
})
export const INVERTER_INTEGER_LENGTH = 50

/** Models 111, 112 and 113: the same with floats. Length 60. */
export const INVERTER_FLOAT = sunSpecTable({
  ID: [0, 'uint16'],
  L: [1, 'uint16'],
  A: [2, 'float32', 'A'],
  W: [22, 'float32', 'W'],
  Hz: [24, 'float32', 'Hz'],
  WH: [32, 'float32', 'Wh'],
  DCA: [34, 'float32', 'A'],
  DCV: [36, 'float32', 'V'],
  DCW: [38, 'float32', 'W'],
  St: [48, 'enum16'],
})
export const INVERTER_FLOAT_LENGTH = 60

/** Model 160: direct-current inputs, a head and then one block per input. Length 8 + 20 × N. */
export const MPPT_HEAD = sunSpecTable({
  ID: [0, 'uint16'],
  L: [1, 'uint16'],
  DCA_SF: [2, 'sunssf'],
  DCV_SF: [3, 'sunssf'],
  DCW_SF: [4, 'sunssf'],
  DCWH_SF: [5, 'sunssf'],
  Evt: [6, 'bitfield32'],
  N: [8, 'uint16'],
  TmsPer: [9, 'uint16'],
})
/** Registers of the head, id and length included: where the first input starts. */
export const MPPT_HEAD_WORDS = 10
export const MPPT_INPUT = sunSpecTable({
  ID: [0, 'uint16'],
  IDStr: [1, 'string', 8],
  DCA: [9, 'uint16', 'A', 'DCA_SF'],
  DCV: [10, 'uint16', 'V', 'DCV_SF'],
  DCW: [11, 'uint16', 'W', 'DCW_SF'],
  DCWH: [12, 'acc32', 'Wh', 'DCWH_SF'],
  Tms: [14, 'uint32', 's'],
  Tmp: [16, 'int16', 'C'],
  DCSt: [17, 'enum16'],
  DCEvt: [18, 'bitfield32'],
})
export const MPPT_INPUT_WORDS = 20

/** The point tables by model id, for those that are inverters. */
export const INVERTER_MODELS: Readonly<
  Record<number, { readonly table: typeof INVERTER_FLOAT; readonly length: number }>
> = {
  101: { table: INVERTER_INTEGER, length: INVERTER_INTEGER_LENGTH },
  102: { table: INVERTER_INTEGER, length: INVERTER_INTEGER_LENGTH },
  103: { table: INVERTER_INTEGER, length: INVERTER_INTEGER_LENGTH },
  111: { table: INVERTER_FLOAT, length: INVERTER_FLOAT_LENGTH },
  112: { table: INVERTER_FLOAT, length: INVERTER_FLOAT_LENGTH },
  113: { table: INVERTER_FLOAT, length: INVERTER_FLOAT_LENGTH },
}

export { type InfraredMeterOptions, infraredMeter } from './adapters/infrared-meter.ts'
export { type ModbusProxy, type ProxyOptions, startModbusProxy } from './adapters/modbus-proxy.ts'
export {
  DEFAULT_MAX_REPLY_DELAY_MS,
  openModbusRtuOverTcp,
  openModbusSerial,
  type RtuOverTcpOptions,
  type SerialOptions,
} from './adapters/modbus-rtu.ts'
export { DEFAULT_TIMEOUT_MS, type ModbusTcpOptions, openModbusTcp } from './adapters/modbus-tcp.ts'
export { encodeImage, type PointValues } from './core/encode.ts'
export { exceptionOf, missingReasonOf } from './core/faults.ts'
export { checkFlow, type FlowCheck, type FlowSample, type Suspicion, suspicions } from './core/flow-check.ts'
export { characterMs, frameGapMs, type LineTiming, MOST_REGISTERS, planReads, type Span } from './core/plan.ts'
export {
  type DeviceModel,
  lengthOf,
  type Point,
  type PointTable,
  type RegisterKind,
  USUAL_SERIAL,
  wordsOf,
} from './core/points.ts'
export { crc16, withCrc } from './core/rtu-frame.ts'
export { LONGEST_REVERT_S, type SetPoint } from './core/set-points.ts'

export { modelControls } from './model-controls.ts'
export { canBeInverter, modelInverter } from './model-inverter.ts'
export { canBeMeter, modelMeter, rolloverWh } from './model-meter.ts'
export { modelIds, readModel, shippedModel } from './models/load.ts'
export { type ParsedModel, parseModel } from './models/schema.ts'
export { type PointReader, pointReader } from './point-reader.ts'
export * from './ports.ts'
export { sunSpecControls } from './sunspec/controls.ts'
export { sunSpecInverter } from './sunspec/inverter.ts'
export { type SunSpecMeterOptions, sunSpecMeter } from './sunspec/meter.ts'
export { laidLength, layOut, type ModelAt, type SunSpecGroup, type SunSpecModel } from './sunspec/model.ts'
export { knownSunSpec, SUNSPEC_BASES, SUNSPEC_END, SUNSPEC_MARKER, sunSpecModel } from './sunspec/models.ts'
export { type ModelReading, readSunSpecModel } from './sunspec/read-model.ts'
export { walkModels } from './sunspec/walk.ts'
export { TELEGRAM_MODELS, type TelegramMeter } from './telegrams/telegram-meter.ts'
export { type Finding, type WatchOptions, watchedMeter } from './watched-meter.ts'

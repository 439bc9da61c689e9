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
export { characterMs, frameGapMs, type LineTiming, MOST_REGISTERS, planReads, type Span } from './core/plan.ts'
export { type DeviceModel, lengthOf, type Point, type PointTable, type RegisterKind, wordsOf } from './core/points.ts'
export { crc16, withCrc } from './core/rtu-frame.ts'

export { modelMeter } from './model-meter.ts'
export { modelIds, readModel, shippedModel } from './models/load.ts'
export { type ParsedModel, parseModel } from './models/schema.ts'
export { type PointReader, pointReader } from './point-reader.ts'
export * from './ports.ts'
export { sunSpecInverter } from './sunspec/inverter.ts'
export { layOut, type ModelAt, type SunSpecModel } from './sunspec/model.ts'
export { knownSunSpec, SUNSPEC_BASES, SUNSPEC_END, SUNSPEC_MARKER, sunSpecModel } from './sunspec/models.ts'
export { walkModels } from './sunspec/walk.ts'

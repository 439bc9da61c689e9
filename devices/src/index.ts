/*
 * openModbusTcp(options: { host: string; port: number; timeoutMs?: number }): ModbusConnection
 * sdm630Meter(connection: RegisterReader, unitId: number, clock: Clock): Meter
 * sunSpecInverter(connection: RegisterReader, unitId: number, clock: Clock): Inverter
 */
export * from './ports.ts'

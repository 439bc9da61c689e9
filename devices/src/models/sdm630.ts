import type { DeviceModel } from '../core/points.ts'

/**
 * Eastron SDM630. Input registers (function 4), IEEE 754 floats, high word first. Powers count import as positive: a
 * site that feeds in shows a negative total.
 *
 * The document limits a request to 30 parameters (60 registers) in its older, 40 in its newer editions; the older limit
 * holds for both. Reading across 19 registers costs a 9600 baud line with 20 ms turnaround as much as another request;
 * the meter answers the addresses between its parameters.
 */
export const SDM630 = {
  name: 'Eastron SDM630',
  source: 'Eastron, SDM630Modbus Smart Meter Modbus Protocol Implementation, section 1.2, input registers',
  kind: 'input',
  maxRegisters: 60,
  maxHole: 19,
  points: {
    voltageL1: { at: 0x0000, as: 'f32', unit: 'V', obis: '32.7.0' },
    voltageL2: { at: 0x0002, as: 'f32', unit: 'V', obis: '52.7.0' },
    voltageL3: { at: 0x0004, as: 'f32', unit: 'V', obis: '72.7.0' },
    currentL1: { at: 0x0006, as: 'f32', unit: 'A', obis: '31.7.0' },
    currentL2: { at: 0x0008, as: 'f32', unit: 'A', obis: '51.7.0' },
    currentL3: { at: 0x000a, as: 'f32', unit: 'A', obis: '71.7.0' },
    powerL1: { at: 0x000c, as: 'f32', unit: 'W', obis: '36.7.0' },
    powerL2: { at: 0x000e, as: 'f32', unit: 'W', obis: '56.7.0' },
    powerL3: { at: 0x0010, as: 'f32', unit: 'W', obis: '76.7.0' },
    totalPower: { at: 0x0034, as: 'f32', unit: 'W', obis: '16.7.0' },
    frequency: { at: 0x0046, as: 'f32', unit: 'Hz', obis: '14.7.0' },
    importEnergy: { at: 0x0048, as: 'f32', unit: 'kWh', obis: '1.8.0' },
    exportEnergy: { at: 0x004a, as: 'f32', unit: 'kWh', obis: '2.8.0' },
  },
} as const satisfies DeviceModel

/** Registers from 0 that a device serving this model answers: up to the end of the last point. */
export const SDM630_LENGTH = 0x004c

import type { HouseConfig } from './config.ts'

/** Ports of one house: its meter, and its inverter where it has one. */
const PORTS_PER_HOUSE = 2

/**
 * The demonstration street: two houses that only consume, three with photovoltaics, one with a battery too. Consumption
 * and sizes are everyday figures for one- and two-family houses. Meter n is on `basePort` + 2 (n − 1), its inverter on
 * the port after it; a `basePort` of 0 takes any free ports.
 */
export function sixHouses({ basePort }: { readonly basePort: number }): HouseConfig[] {
  const houses: Omit<HouseConfig, 'meterPort' | 'inverterPort'>[] = [
    { name: 'house-1', annualKwh: 2_500 },
    { name: 'house-2', annualKwh: 5_500 },
    { name: 'house-3', annualKwh: 4_200, pv: { peakW: 6_000, tiltDeg: 35, azimuthDeg: 180 } },
    { name: 'house-4', annualKwh: 3_600, pv: { peakW: 9_800, tiltDeg: 30, azimuthDeg: 135 } },
    { name: 'house-5', annualKwh: 4_800, pv: { peakW: 4_500, tiltDeg: 40, azimuthDeg: 240 } },
    {
      name: 'house-6',
      annualKwh: 4_000,
      pv: { peakW: 8_000, tiltDeg: 25, azimuthDeg: 190 },
      battery: { capacityWh: 7_500, powerW: 3_000 },
    },
  ]
  return houses.map((house, i) => {
    const meterPort = basePort === 0 ? 0 : basePort + PORTS_PER_HOUSE * i
    return { ...house, meterPort, ...(house.pv && { inverterPort: basePort === 0 ? 0 : meterPort + 1 }) }
  })
}

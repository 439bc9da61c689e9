import { type Clock, Fault } from '@wattfleet/protocol'
import { type DeviceModel, pointOf } from './core/points.ts'
import { clockAt, counterWh, good, mapMeasured, missing, watts } from './core/readings.ts'
import { pointReader } from './point-reader.ts'
import type { Inverter, Measured, RegisterReader } from './ports.ts'

const INPUTS = ['dcPower1', 'dcPower2', 'dcPower3', 'dcPower4'] as const
/** What an inverter is asked for. */
const ASKED = ['acPower', 'lifetimeEnergy', 'dcPower', ...INPUTS] as const
type Asked = (typeof ASKED)[number]

/** Whether a device of this model shows what an inverter is there for. */
export function canBeInverter({ points }: Pick<DeviceModel, 'points'>): boolean {
  return points.acPower !== undefined
}

/**
 * An inverter that is no SunSpec device, by its model. What the model does not have is missing as `unsupported`; makers'
 * states are not ours, so the state is too. Throws Fault `config` for a model that shows no power at its AC side.
 */
export function modelInverter(reader: RegisterReader, unitId: number, model: DeviceModel, clock: Clock): Inverter {
  const { points, name } = model
  const asked = ASKED.filter((one) => points[one] !== undefined)
  if (!canBeInverter(model)) throw new Fault('config', `${name} shows no power at its AC side: it is no inverter`)
  const reading = pointReader(reader, unitId, model, asked, clock)
  return {
    async read(signal) {
      const values: Partial<Record<Asked, Measured>> = await reading.read(signal)
      const readMs = values.acPower?.readMs ?? clock.steadyMs()
      const none = missing('unsupported', readMs)
      const power = (one: Asked): Measured => {
        const value = values[one]
        if (value === undefined) return none
        const { unit, positive } = pointOf(points, one)
        const inWatts = watts(value, unit)
        return positive === 'consume' ? mapMeasured(inWatts, (w, wMs) => good(-w, wMs)) : inWatts
      }
      const { lifetimeEnergy } = values
      return {
        atMs: clockAt(clock, readMs),
        acPowerW: power('acPower'),
        lifetimeEnergyWh: lifetimeEnergy ? counterWh(lifetimeEnergy, pointOf(points, 'lifetimeEnergy').unit) : none,
        dcPowerW: power('dcPower'),
        state: none,
        dcInputs: INPUTS.filter((one) => values[one] !== undefined).map((one) => ({
          name: `input ${one.slice(-1)}`,
          powerW: power(one),
          energyWh: none,
        })),
      }
    },
  }
}

import { afterEach } from 'vitest'
import { encodeImage, knownSunSpec, layOut, shippedModel } from '../../src/index.ts'
import { type Asked, hexRegisters, imageFrom, type Line, serving, type TcpDevice, tcpDevice } from '../tcp-device.ts'

const closing: TcpDevice[] = []
afterEach(async () => {
  for (const device of closing.splice(0)) await device.close()
})

/** A device on a free port of this computer, gone after the test. */
export async function deviceThat(answers: (asked: Asked, line: Line) => void): Promise<TcpDevice> {
  const device = await tcpDevice(answers)
  closing.push(device)
  return device
}

/** An SDM630 that shows these values; what has none is NaN, as the encoder writes it. */
export function sdm630(values: Readonly<Record<string, number>> = {}) {
  const shown = {
    voltageL1: 230.1,
    voltageL2: 229.7,
    voltageL3: 231.25,
    frequency: 49.98,
    totalPower: -1500,
    ...values,
  }
  const { points } = shippedModel('eastron-sdm630')
  return serving('input', imageFrom([0, [...encodeImage(points, { importEnergy: 12.5, ...shown }, 0x180)]]))
}

/** A SunSpec inverter: models 1 and 103, one that nobody knows, and the end. */
export function sunSpecInverter() {
  const common = layOut(knownSunSpec(1), 66, () => undefined)
  const inverter = layOut(knownSunSpec(103), 50, () => undefined)
  const names = { ID: 1, L: 66, Mn: 'Example', Md: 'Three phases', SN: '0001' }
  const power = { ID: 103, L: 50, W: 3200, W_SF: 0, WH: 1_000_000, WH_SF: 0, St: 4 }
  return serving(
    'holding',
    imageFrom(
      [40_000, hexRegisters('5375 6e53')],
      [40_002, [...encodeImage(common, names, 68)]],
      [40_070, [...encodeImage(inverter, power, 52)]],
      [40_122, [64_900, 3, 7, 8, 9]],
      [40_127, [0xffff, 0]],
    ),
  )
}

/** Units of one address, each with a device of its own; the others are answered for as a gateway does. */
export function gateway(units: Readonly<Record<number, (asked: Asked, line: Line) => void>>) {
  return (asked: Asked, line: Line) => {
    const device = units[asked.unitId]
    if (device === undefined) line.exception(asked, 11)
    else device(asked, line)
  }
}

import {
  type DeviceModel,
  type InfraredMeterOptions,
  infraredMeter,
  type Meter,
  type ModbusConnection,
  type ModbusProxy,
  openModbusRtuOverTcp,
  openModbusSerial,
  openModbusTcp,
  startModbusProxy,
  USUAL_SERIAL,
} from '@wattfleet/devices'
import type { DeviceConfig } from '../config.ts'

/** The lines to a gateway's devices. Devices on one line share it: many inverters accept one connection only. */
export interface Lines {
  /** The line to a device, opened with its first request. A serial line is set as the model leaves the factory. */
  to(device: DeviceConfig, model?: DeviceModel): ModbusConnection
  /** A meter behind an infrared head on a serial port; it is nobody else's line. */
  infrared(options: InfraredMeterOptions): Meter
  /**
   * Lets others read the line of a device that says so; a serial one is opened by `to` before, as its model needs it.
   * Rejects with Fault `transport` where that cannot be listened on.
   */
  share(device: DeviceConfig): Promise<void>
  close(): Promise<void>
}

export function openLines(): Lines {
  const lines = new Map<string, ModbusConnection>()
  const open = (device: DeviceConfig, model: DeviceModel | undefined): ModbusConnection => {
    const { host, port = 0, framing, serial, timeoutMs, maxReplyDelayMs } = device
    if (serial === undefined) {
      const options = { host, port, timeoutMs, maxReplyDelayMs }
      return framing === 'rtu' ? openModbusRtuOverTcp(options) : openModbusTcp(options)
    }
    const factory = model?.serial ?? USUAL_SERIAL
    return openModbusSerial({
      path: serial.path,
      baudRate: serial.baudRate ?? factory.baudRate,
      parity: serial.parity ?? factory.parity,
      stopBits: serial.stopBits ?? factory.stopBits,
      timeoutMs,
      maxReplyDelayMs,
    })
  }
  const to = (device: DeviceConfig, model?: DeviceModel): ModbusConnection => {
    const where = device.serial?.path ?? `${device.host}:${device.port}`
    const line = lines.get(where) ?? open(device, model)
    lines.set(where, line)
    return line
  }
  const proxies: ModbusProxy[] = []
  const heads: { close(): void }[] = []
  return {
    to,
    infrared(options) {
      const head = infraredMeter(options)
      heads.push(head)
      return head
    },
    async share(device) {
      if (device.share !== undefined) proxies.push(await startModbusProxy({ ...device.share, reader: to(device) }))
    },
    async close() {
      for (const head of heads) head.close()
      await Promise.allSettled(proxies.map((proxy) => proxy.close()))
      await Promise.allSettled([...lines.values()].map((line) => line.close()))
    },
  }
}

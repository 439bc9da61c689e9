import { Fault, messageOf } from '@wattfleet/protocol'
import { SerialPort } from 'serialport'
import type { Lines } from '../discovery/ports.ts'
import { openModbusRtuOverTcp, openModbusSerial } from './modbus-rtu.ts'
import { openModbusTcp } from './modbus-tcp.ts'
import { connected } from './tcp-link.ts'

/** The serial ports and the network of this computer. */
export function systemLines(): Lines {
  return {
    open(target, times) {
      const options = { ...times, backsOff: false }
      switch (target.via) {
        case 'serial':
          return openModbusSerial({ ...target, ...options })
        case 'rtu-over-tcp':
          return openModbusRtuOverTcp({ ...target, ...options })
        case 'tcp':
          return openModbusTcp({ ...target, ...options })
      }
    },
    async knock(host, port, timeoutMs, signal) {
      try {
        const socket = await connected(host, port, timeoutMs, signal)
        socket.end()
        socket.destroySoon()
        return { isOpen: true }
      } catch (error) {
        return { isOpen: false, why: messageOf(error) }
      }
    },
    async serialPorts() {
      try {
        const ports = await SerialPort.list()
        return ports.map(({ path, manufacturer }) => ({ path, ...(manufacturer && { maker: manufacturer }) }))
      } catch (error) {
        const text = `serial ports cannot be listed: ${messageOf(error)}; name one with --serial /dev/…`
        throw new Fault('transport', text, { cause: error })
      }
    },
  }
}

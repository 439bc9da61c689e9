import type { GrantedDevice } from '@wattfleet/protocol'

/** Modbus TCP's port (Modbus Messaging on TCP/IP 1.0b, 3.1.1). */
const MODBUS_PORT = 502
/** The speeds that Linux has a name for (asm-generic/termbits.h), within what the agent takes. */
const BAUDS: readonly number[] = [
  ...[300, 600, 1_200, 1_800, 2_400, 4_800, 9_600, 19_200, 38_400],
  ...[57_600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600],
]
/** A name (RFC 1123, 2.1), or an IPv4 address; IPv6 in brackets. */
const NETWORK = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,252})))(?::([0-9]{1,5}))?$/
const OVER_TCP = 'rtu-over-tcp://'
/** What udev calls a line may hold colons: only at the end a number, and a letter with one, are its settings. */
const SERIAL = /^(\/dev\/[A-Za-z0-9_/:.-]{1,100}?)(?::([0-9]{3,6})(?::(?:8?)([NEO])([12]))?)?$/
/** Only udev's names by port or by maker hold colons; what ends like settings was meant as such. */
const COLON_PATH = /^\/dev\/serial\/by-/
const LIKE_SETTINGS = /:(?:[0-9]{3,}|[0-9]?[A-Za-z][0-9]?)$/
/** A line of another system: no host, though it could be the name of one. */
const WINDOWS_LINE = /^com[0-9]{1,3}$/i
const PARITIES = { N: 'none', E: 'even', O: 'odd' } as const

export const DEVICE_ADDRESS_FORM =
  'expected an address such as 192.168.1.20:502, rtu-over-tcp://192.168.1.20:4001 or /dev/ttyUSB0:9600:E1'

export type DevicePlace = Pick<GrantedDevice, 'host' | 'port' | 'framing' | 'serial'>

/**
 * Where a device is, as a manifest writes it in one field: `host[:port]` of Modbus TCP (port 502 without one),
 * `rtu-over-tcp://host:port` of a simple serial server, `/dev/…[:baud[:parity and stop bits]]` of a serial line (as the model
 * leaves the factory without them). Undefined where it is none of these.
 */
export function parseDeviceAddress(text: string): DevicePlace | undefined {
  if (text.startsWith('/')) return serialOf(text)
  const isRtu = text.startsWith(OVER_TCP)
  const [, bracketed, bare, portText] = NETWORK.exec(isRtu ? text.slice(OVER_TCP.length) : text) ?? []
  const host = bracketed ?? bare
  // a serial server has no usual port
  const port = portText === undefined && !isRtu ? MODBUS_PORT : Number(portText)
  if (host === undefined || !isHost(host) || !(port >= 1 && port <= 65_535)) return undefined
  return { host, port, ...(isRtu && { framing: 'rtu' as const }) }
}

function serialOf(text: string): DevicePlace | undefined {
  const [, path, baud, parity, stop] = SERIAL.exec(text) ?? []
  if (path === undefined || path.includes('..')) return undefined
  if (path.includes(':') && (!COLON_PATH.test(path) || LIKE_SETTINGS.test(path))) return undefined
  const baudRate = baud === undefined ? undefined : Number(baud)
  if (baudRate !== undefined && !BAUDS.includes(baudRate)) return undefined
  return {
    serial: {
      path,
      ...(baudRate !== undefined && { baudRate }),
      ...(parity !== undefined && {
        parity: PARITIES[parity as keyof typeof PARITIES],
        stopBits: stop === '2' ? (2 as const) : (1 as const),
      }),
    },
  }
}

/** What looks like an IPv4 address is a whole one: the rest of `192.168.1` was lost. */
function isHost(host: string): boolean {
  if (WINDOWS_LINE.test(host)) return false
  if (!/^[0-9.]+$/.test(host)) return true
  const parts = host.split('.')
  return parts.length === 4 && parts.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) <= 255)
}

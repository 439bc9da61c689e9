import { type Fault, messageOf } from '@wattfleet/protocol'
import { missingReasonOf } from '../core/faults.ts'
import type { LineTarget } from '../discovery/target.ts'

interface Advice {
  readonly said: RegExp
  readonly text: string
}

/** What the system says of a port or an address, and what can be done about it. */
const OF_SERIAL: readonly Advice[] = [
  {
    said: /permission denied|EACCES/i,
    text: 'add your user to the group of serial ports: sudo usermod -aG dialout $USER, then log in anew',
  },
  { said: /cannot lock|EBUSY|busy/i, text: 'another program has the port open: stop it first' },
  { said: /no such file|ENOENT|cannot open/i, text: 'is the adapter plugged in? `scan` lists the ports there are' },
]
const OF_NETWORK: readonly Advice[] = [
  { said: /ENOTFOUND|EAI_AGAIN/, text: 'nobody knows this name: give the address instead' },
  {
    said: /ECONNREFUSED/,
    text: 'the host is there and refuses: is Modbus TCP switched on in the device, and on this port?',
  },
  {
    said: /EHOSTUNREACH|ENETUNREACH|no connection within/,
    text: 'nobody at this address: is it the right one, is the cable in, is this computer in the same network?',
  },
]
const NO_SUNSPEC = /no SunSpec marker/

/** What somebody at the device can do about a fault; empty where there is nothing to advise. */
export function adviceFor(fault: Fault, target: LineTarget, unitId: number): string {
  const isSerial = target.via === 'serial'
  const text = messageOf(fault)
  const known = (isSerial ? OF_SERIAL : OF_NETWORK).find(({ said }) => said.test(text))
  if (known !== undefined) return known.text
  if (NO_SUNSPEC.test(text)) {
    return 'is SunSpec switched on in the device’s settings? `scan` says which models fit what it answers'
  }
  switch (missingReasonOf(fault)) {
    case 'timeout':
      return isSerial
        ? `is it unit ${unitId}, at this baud rate and parity, A and B not swapped? \`scan --serial ${target.path}\` tries them`
        : `is it unit ${unitId}? \`scan\` tries others`
    case 'unreachable':
      return `the gateway does not reach unit ${unitId}: check the unit id and the serial line behind it`
    case 'malformed':
      return isSerial ? 'another baud rate or parity, two devices with one unit id, or a bad line' : ''
    case 'exception':
      return 'it answers, but not to this: another model? `scan` says which fit'
    default:
      return ''
  }
}

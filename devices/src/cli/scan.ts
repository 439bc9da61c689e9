import { Fault } from '@wattfleet/protocol'
import type { DeviceModel } from '../core/points.ts'
import { scan } from '../discovery/scan.ts'
import {
  BAUD_RATES,
  defaultUnits,
  FRAMES,
  MOST_UNIT,
  planScan,
  type ScanWish,
  SERIAL_PROBE_MS,
  type SerialWish,
  TCP_PORTS,
  TCP_PROBE_MS,
} from '../discovery/scan-plan.ts'
import { subnetHosts } from '../discovery/subnet.ts'
import { modelIds, shippedModel } from '../models/load.ts'
import { LONGEST_TIMEOUT_MS, modelNamed } from './device.ts'
import { listed, numberList, parseFlags, refusePositionals, wholeNumber } from './options.ts'
import { type Cli, type Command, EXIT } from './ports.ts'
import { jsonReporter } from './report-json.ts'
import { textReporter } from './report-text.ts'
import { BAUDS, MODBUS_PORT, parseAddress, parseFrame, parseSerial } from './targets.ts'

const USAGE = `wattfleet-devices scan [flags]

Looks for meters and inverters and says which models fit. It reads, and nothing else. Without flags it asks all serial ports
of this computer; a network is only scanned where it is named.

  --serial PATH[:BAUD[:N1]]  this serial port, with these settings only where given; several times
  --all-serial               all serial ports of this computer beside what else is named
  --tcp HOST[:PORT]          this address (port ${MODBUS_PORT}); several times
  --rtu-over-tcp HOST:PORT   this serial server that carries RTU frames; several times
  --subnet A.B.C.D/N         all addresses of this subnet; larger than /22 only with --yes; several times
  --ports P,Q                ports of a subnet's addresses (${TCP_PORTS.join(',')})
  --units A,B-C              unit ids, 1 to ${MOST_UNIT} (1-10, then those that devices leave the factory with)
  --bauds A,B                baud rates (${BAUD_RATES.join(',')})
  --frames N1,E1             parity and stop bits (N1,E1,N2)
  --timeout MS               longest wait for an answer (${SERIAL_PROBE_MS} on serial lines, ${TCP_PROBE_MS} on networks)
  --thorough                 go on with a port's other settings after a find
  --model FILE               a model file to try beside the models that ship; several times
  --yes                      scan a subnet larger than /22
  --json                     JSON lines for programs
`

const FLAGS = {
  serial: { type: 'string', multiple: true, default: [] as string[] },
  'all-serial': { type: 'boolean', default: false },
  tcp: { type: 'string', multiple: true, default: [] as string[] },
  'rtu-over-tcp': { type: 'string', multiple: true, default: [] as string[] },
  subnet: { type: 'string', multiple: true, default: [] as string[] },
  ports: { type: 'string', default: TCP_PORTS.join(',') },
  units: { type: 'string' },
  bauds: { type: 'string', default: BAUD_RATES.join(',') },
  frames: { type: 'string' },
  timeout: { type: 'string' },
  thorough: { type: 'boolean', default: false },
  model: { type: 'string', multiple: true, default: [] as string[] },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

const readFlags = (args: readonly string[]) => parseFlags(args, FLAGS)
type Flags = ReturnType<typeof readFlags>['values']

type Address = ScanWish['network'][number]

/** The addresses that were given one by one. */
function namedAddresses({ tcp, 'rtu-over-tcp': rtuOverTcp }: Flags): Address[] {
  return [
    ...tcp.map((text) => ({ via: 'tcp' as const, ...parseAddress('--tcp', text, MODBUS_PORT) })),
    ...rtuOverTcp.map((text) => ({ via: 'rtu-over-tcp' as const, ...parseAddress('--rtu-over-tcp', text) })),
  ]
}

/** The addresses of subnets, the usual port of all hosts first: that is where most devices are. */
function subnetAddresses({ subnet, ports, yes }: Flags): Address[] {
  const hosts = subnet.flatMap((text) => {
    const found = subnetHosts(text, yes)
    if (!found.ok) throw new Fault('config', `--subnet ${found.why}`)
    return found.hosts
  })
  return numberList('--ports', ports, 1, 65_535).flatMap((port) =>
    [...new Set(hosts)].map((host) => ({ via: 'tcp' as const, host, port })),
  )
}

/** The ports that were named, and the computer's own where they are wanted or nothing was named at all. */
async function serialWish(flags: Flags, { lines }: Cli): Promise<readonly SerialWish[]> {
  const named = flags.serial.map(parseSerial)
  const isNamed = [flags.serial, flags.tcp, flags['rtu-over-tcp'], flags.subnet].some((one) => one.length > 0)
  if (isNamed && !flags['all-serial']) return named
  const there = await lines.serialPorts()
  const others = there.filter(({ path }) => !named.some((one) => one.path === path))
  if (!isNamed && there.length === 0) {
    const text = 'this computer has no serial port: plug an adapter in, or name a port (--serial /dev/…) or an address'
    throw new Fault('transport', `${text} (--tcp, --subnet)`)
  }
  return [...named, ...others.map(({ path }) => ({ path }))]
}

async function wishOf(
  flags: Flags,
  named: readonly Address[],
  models: readonly DeviceModel[],
  cli: Cli,
): Promise<ScanWish> {
  const { units, bauds, frames, timeout } = flags
  return {
    network: [...named, ...subnetAddresses(flags)],
    bauds: numberList('--bauds', bauds, BAUDS.least, BAUDS.most),
    frames: frames === undefined ? FRAMES : listed(frames).map((text) => parseFrame('--frames', text)),
    units: units === undefined ? defaultUnits(models) : numberList('--units', units, 1, MOST_UNIT),
    timeoutMs: timeout === undefined ? undefined : wholeNumber('--timeout', timeout, 1, LONGEST_TIMEOUT_MS),
    // last: nothing is listed where the flags are wrong
    serial: await serialWish(flags, cli),
  }
}

export const scanCommand: Command = {
  summary: 'looks for devices and says which models fit',
  usage: USAGE,
  async run(args, cli) {
    const { values: flags, positionals } = readFlags(args)
    refusePositionals(positionals)
    const models = [...flags.model.map(modelNamed), ...modelIds().map(shippedModel)]
    const named = namedAddresses(flags)
    const plan = planScan(await wishOf(flags, named, models, cli))
    const reporter = flags.json ? jsonReporter(cli, named) : textReporter(cli, named)
    reporter.plan(plan)
    const { lines, clock, signal } = cli
    const finds = await scan({
      ...{ plan, lines, models, isThorough: flags.thorough, clock, signal },
      onEvent: reporter.event,
    })
    reporter.end(finds, signal.aborted)
    if (signal.aborted) return EXIT.interrupted
    return finds.length > 0 ? EXIT.ok : EXIT.nothing
  },
}

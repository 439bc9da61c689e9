import { adviceFor } from './advice.ts'
import { DEVICE_FLAGS, DEVICE_USAGE, deviceOf, deviceText, goodCount, openDevice } from './device.ts'
import { parseFlags, refusePositionals } from './options.ts'
import { type Command, EXIT } from './ports.ts'
import { shownJson, shownLines } from './show-values.ts'
import { jsonText } from './table.ts'

const USAGE = `wattfleet-devices read --tcp|--serial|--rtu-over-tcp … --model … [flags]

Reads a device once: value, unit, OBIS code, and why a value is missing. Exit code 1 if nothing could be read.

${DEVICE_USAGE}`

export const readCommand: Command = {
  summary: 'reads a device once',
  usage: USAGE,
  async run(args, cli) {
    const { out, err, signal } = cli
    const { values, positionals } = parseFlags(args, DEVICE_FLAGS)
    refusePositionals(positionals)
    const device = deviceOf(values)
    const { read, close } = openDevice(device, cli)
    const shown = await read(signal)
    await close()
    if (signal.aborted) return EXIT.interrupted
    const isRead = goodCount(shown) > 0
    if (values.json) out.write(jsonText(shownJson(device, shown)))
    else if (isRead) out.write(`${shownLines(device, shown, out).join('\n')}\n`)
    if (shown.fault !== undefined) {
      const advice = adviceFor(shown.fault, device.target, device.unitId)
      err.write(`${shown.fault.message}${advice && `\n${advice}`}\n`)
    } else if (!isRead) {
      err.write(`${deviceText(device)} answered, without a value in any of these points\n`)
    }
    return isRead ? EXIT.ok : EXIT.nothing
  },
}

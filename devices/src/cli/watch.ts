import { adviceFor } from './advice.ts'
import { DEVICE_FLAGS, DEVICE_USAGE, type Device, deviceOf, goodCount, openDevice, type Shown } from './device.ts'
import { parseFlags, refusePositionals, wholeNumber } from './options.ts'
import { type Command, EXIT, type Output } from './ports.ts'
import { shownJson, shownLine, shownLines } from './show-values.ts'
import { cut } from './table.ts'

const EVERY_S = 5
/** A day: slower is no watching. */
const LONGEST_EVERY_S = 86_400

const USAGE = `wattfleet-devices watch --tcp|--serial|--rtu-over-tcp … --model … [flags]

Reads a device again and again until interrupted: on a terminal a table that is drawn anew, else a line each time, with
--json a JSON line each time.

${DEVICE_USAGE}  --every SECONDS            from one reading to the next, from 1 (${EVERY_S})
  --count N                  stop after so many readings
`

/** The cursor to the upper left corner, and what was there away. */
const HOME = '\x1b[H\x1b[0J'
/** Screens are at least so high where they do not say. */
const DEFAULT_ROWS = 24

/** The table in place of the last one, as much as the screen holds now: its size may have changed. */
function draw(lines: readonly string[], out: Output): void {
  const { columns, rows = DEFAULT_ROWS } = out
  const room = rows - 1
  const kept = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines`]
  out.write(`${HOME}${kept.map((line) => (columns === undefined ? line : cut(line, columns))).join('\n')}\n`)
}

function show(device: Device, shown: Shown, isJson: boolean, out: Output): void {
  if (isJson) out.write(`${JSON.stringify(shownJson(device, shown))}\n`)
  else if (!out.isTTY) out.write(`${shownLine(shown)}\n`)
  else {
    const { fault } = shown
    const [heading = '', ...lines] = shownLines(device, shown, out)
    // above the table, where a low screen does not cut it
    const said = fault === undefined ? [] : [fault.message, adviceFor(fault, device.target, device.unitId)]
    draw([heading, ...said.filter(Boolean), ...lines], out)
  }
}

export const watchCommand: Command = {
  summary: 'reads a device again and again',
  usage: USAGE,
  async run(args, cli) {
    const { out, clock, signal } = cli
    const flags = { ...DEVICE_FLAGS, every: { type: 'string' }, count: { type: 'string' } } as const
    const { values, positionals } = parseFlags(args, flags)
    refusePositionals(positionals)
    const device = deviceOf(values)
    const everyMs = 1000 * wholeNumber('--every', values.every ?? String(EVERY_S), 1, LONGEST_EVERY_S)
    const count = wholeNumber('--count', values.count ?? String(Number.MAX_SAFE_INTEGER), 1, Number.MAX_SAFE_INTEGER)
    const { read, close } = openDevice(device, cli)
    let readings = 0
    for (let turn = 1; turn <= count && !signal.aborted; turn++) {
      const begunMs = clock.nowMs()
      const shown = await read(signal)
      // a reading that was interrupted says nothing of the device
      if (signal.aborted) break
      if (goodCount(shown) > 0) readings++
      show(device, shown, values.json, out)
      if (turn < count) await clock.until(begunMs + everyMs, signal)
    }
    await close()
    return readings > 0 || signal.aborted ? EXIT.ok : EXIT.nothing
  },
}

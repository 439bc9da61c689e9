import { Fault } from '@wattfleet/protocol'
import { sunSpecIds, sunSpecModel } from '../sunspec/models.ts'
import { TELEGRAM_MODELS, type TelegramFormat } from '../telegrams/telegram-meter.ts'
import type { Cli } from './ports.ts'
import { jsonText, tableLines } from './table.ts'

/*
 * What may stand where a model is named and is no file of devices/models.
 */

const SUNSPEC = `A device that lists its own models (SunSpec): they are found by "SunS" at register 40000, 0 or 50000, or one beside it.
Meters are read by 201 to 204 and 211 to 214, inverters by 101 to 103, 111 to 113 and 160, or 701 and 714.
`

const TELEGRAM: Readonly<Record<TelegramFormat, string>> = {
  sml: 'binary telegrams (SML)',
  text: 'readable telegrams (IEC 62056-21 mode D)',
}

const telegramText = (format: TelegramFormat) =>
  `A meter that pushes ${TELEGRAM[format]} through an infrared head on a serial line. It has no registers: this command
does not read it, an agent does. Where it is named: "serial" with the head's "path", 9600 baud unless "baudRate" says other.
`

/** What is said under the list of models. */
export const OTHERS_TEXT = `
And what is no table of registers: sunspec, a device that lists its own models; ${Object.entries(TELEGRAM_MODELS)
  .map(([id, format]) => `${id}, ${TELEGRAM[format]}`)
  .join('; ')}.
`

function sunSpec(isJson: boolean, { out }: Cli): void {
  const models = sunSpecIds().map((id) => ({ id, label: sunSpecModel(id)?.label ?? '' }))
  if (isJson) {
    out.write(jsonText({ id: 'sunspec', models }))
    return
  }
  const rows = models.map(({ id, label }) => [String(id), label])
  out.write(`${SUNSPEC}\n${tableLines(['MODEL', 'NAME'], rows, [], out).join('\n')}\n`)
}

/** Shows `sunspec` or a kind of telegram; false where `id` is neither. Throws Fault `config` for a telegram as JSON. */
export function showOther(id: string, isJson: boolean, cli: Cli): boolean {
  if (id === 'sunspec') {
    sunSpec(isJson, cli)
    return true
  }
  const format = Object.hasOwn(TELEGRAM_MODELS, id) ? TELEGRAM_MODELS[id] : undefined
  if (format === undefined) return false
  if (isJson) throw new Fault('config', `${id} has no registers that could be listed`)
  cli.out.write(telegramText(format))
  return true
}

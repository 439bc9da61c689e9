import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { Fault, messageOf } from '@wattfleet/protocol'
import { quantityFaults } from '../models/check.ts'
import { parseModel } from '../models/schema.ts'
import { parseFlags } from './options.ts'
import { type Command, EXIT } from './ports.ts'
import { jsonText, tableLines } from './table.ts'

const USAGE = `wattfleet-devices check <file…> [--json]

Checks files of device models: what a file may say, whether points lie on each other, and whether names that mean the same
in every model have their unit and OBIS code. Exit code 1 if any file is bad.
`

/** What is wrong at which place of a file. */
interface Finding {
  readonly path: string
  readonly expected: string
}

/** A fault such as `points.a.as: expected one of …` in its two parts. */
function findingOf(fault: string): Finding {
  const at = fault.indexOf(': ')
  return at < 0 ? { path: '(file)', expected: fault } : { path: fault.slice(0, at), expected: fault.slice(at + 2) }
}

function findingsIn(file: string): Finding[] {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    return [{ path: '(file)', expected: messageOf(error) }]
  }
  const parsed = parseModel(basename(file, '.json'), raw)
  return (parsed.ok ? quantityFaults(parsed.model.points) : parsed.faults).map(findingOf)
}

export const checkCommand: Command = {
  summary: 'checks files of device models',
  usage: USAGE,
  async run(args, { out }) {
    const { values, positionals } = parseFlags(args, { json: { type: 'boolean', default: false } })
    if (positionals.length === 0) throw new Fault('config', 'name the files to check')
    const files = positionals.map((file) => ({ file, findings: findingsIn(file) }))
    if (values.json) {
      out.write(jsonText({ files: files.map((one) => ({ ...one, ok: one.findings.length === 0 })) }))
    } else {
      const rows = files.flatMap(({ file, findings }) =>
        findings.length === 0 ? [[file, 'good', '']] : findings.map(({ path, expected }) => [file, path, expected]),
      )
      // what is expected is never cut: it is what one came for
      out.write(`${tableLines(['FILE', 'PATH', 'EXPECTED'], rows, [], {}).join('\n')}\n`)
    }
    return files.every(({ findings }) => findings.length === 0) ? EXIT.ok : EXIT.nothing
  },
}

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { judge } from './verdict.ts'

/** Fails where npm knows of a high or critical finding; says so where the registry answers no such requests. */
const { stdout, stderr } = spawnSync('npm', ['audit', '--json'], {
  cwd: join(import.meta.dirname, '../..'),
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
})
const { ok, text } = judge(stdout || stderr)
process.stderr.write(`${text}\n`)
process.exitCode = ok ? 0 : 1

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Place } from './engine.ts'

const CLI = join(import.meta.dirname, '../../src/cli.ts')

/** Generates an engine's configuration by the command that an operator uses, into the place's folder. */
export function generate(engine: string, place: Place): void {
  const args = ['config', engine, '--config', place.configPath, '--out', place.folder]
  const data = ['--data', join(place.folder, 'data'), '--crl', place.crlPath, '--gateways', place.gatewaysPath]
  const out = ['--revoked', place.shutOutPath]
  const hubs = place.hubs.flatMap((name) => ['--hub', name])
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, ...args, ...data, ...out, ...hubs])
}

import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../engine.ts'
import { handOver, listening, type Started, startProcess } from '../process.ts'

const MAIN = join(import.meta.dirname, '../../../src/main.ts')

/** The embedded broker, as the program that `main.ts` is, with its sessions in a folder. */
export const aedes: Engine = {
  name: 'aedes',
  missing: () => undefined,
  async start(place) {
    let process: Started
    const start = async () => {
      handOver(place.folder)
      const args = ['--disable-warning=ExperimentalWarning', MAIN, '--config', place.configPath]
      process = startProcess(globalThis.process.execPath, args, place.folder)
      await listening(place.port, process)
    }
    await start()
    return {
      start,
      stop: () => process.end('SIGTERM'),
      kill: () => process.end('SIGKILL'),
      async revoke({ fingerprint }) {
        appendFileSync(place.revokedPath, `${fingerprint}\n`)
      },
      close: () => process.end('SIGKILL'),
    }
  },
}

import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Leaf } from '../../fixtures/certificates.ts'
import type { Engine } from '../engine.ts'
import { generate } from '../generate.ts'
import { handOver, isInstalled, listening, type Started, startProcess } from '../process.ts'

// where Debian's package puts it, which is not on every user's path
const PROGRAM = ['/usr/sbin/mosquitto', 'mosquitto'].find((path) => isInstalled(path, ['-h']))

export const mosquitto: Engine = {
  name: 'mosquitto',
  missing: () => (PROGRAM === undefined ? 'mosquitto 2.0: apt-get install mosquitto' : undefined),
  async start(place) {
    const revoked: Leaf[] = []
    generate('mosquitto', place)
    let process: Started
    const start = async () => {
      handOver(place.folder)
      process = startProcess(PROGRAM ?? '', ['-c', join(place.folder, 'mosquitto.conf'), '-v'], place.folder)
      await listening(place.port, process)
    }
    await start()
    return {
      start,
      stop: () => process.end('SIGTERM'),
      kill: () => process.end('SIGKILL'),
      async revoke(leaf) {
        revoked.push(leaf)
        // the list refuses its certificate from now on, the name takes the rights of what is connected
        appendFileSync(place.shutOutPath, `${leaf.name}\n`)
        writeFileSync(place.crlPath, await place.authority.revocationList(revoked))
        generate('mosquitto', place)
        handOver(place.folder)
        process.child.kill('SIGHUP')
      },
      close: () => process.end('SIGKILL'),
    }
  },
}

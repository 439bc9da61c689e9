import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualClock } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import type { Executor } from '../../src/embedded/executor.ts'
import { openEmbeddedChain } from '../../src/embedded/start.ts'
import { requireSameVersion } from '../../src/embedded/version.ts'
import { configFor, hex32, roleAccounts, START_S } from '../fixture.ts'

/** SCALE of the beginning of a runtime's version. */
function versionOf(spec: number): `0x${string}` {
  const text = (name: string) => Buffer.concat([Buffer.from([4 * name.length]), Buffer.from(name)])
  const numbers = Buffer.alloc(8)
  numbers.writeUInt32LE(1, 0)
  numbers.writeUInt32LE(spec, 4)
  return `0x${Buffer.concat([text('wattfleet'), text('wattfleet-impl'), numbers]).toString('hex')}`
}

/** Runtimes whose code is their version. */
const executor = {
  call: async (code: string) => ({ result: versionOf(Number(code)), changes: new Map() }),
} as unknown as Executor

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

describe('a chain that was kept', () => {
  it('with a runtime of another version is refused, both versions named, with what to do', async () => {
    await expect(requireSameVersion(executor, '1', '2', '/state/chain')).rejects.toMatchObject({
      code: 'config',
      message:
        '/state/chain holds a chain with runtime version 1, this program is made for version 2: ' +
        'start over with --fresh, which forgets that chain, or use the program that made it',
    })
  })

  it('with a runtime that was built again under the same version goes on', async () => {
    await expect(requireSameVersion(executor, '2', '0x2', '/state/chain')).resolves.toBeUndefined()
  })

  it('with this program’s runtime goes on', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'wattfleet-version-'))
    folders.push(stateDir)
    const config = configFor(stateDir, hex32(), roleAccounts())
    const clock = manualClock(START_S * 1000)
    const first = await openEmbeddedChain(config, clock)
    const head = first.chain.head()
    await first.stop()
    const second = await openEmbeddedChain(config, clock)
    expect(second.chain.head()).toEqual(head)
    await second.stop()
  })
})

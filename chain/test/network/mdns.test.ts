import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { command, nodeProgram, RUNTIME } from './support/program.ts'

const PAIR = join(import.meta.dirname, 'support', 'mdns-pair.ts')
const NAMESPACE = ['--user', '--map-root-user', '--net']

/** Multicast does not go over loopback: it wants two network namespaces and a cable between them. */
const cable = ['ip', 'link', 'add', 'wf0', 'type', 'veth', 'peer', 'name', 'wf1']
const allowed = spawnSync('unshare', [...NAMESPACE, ...cable]).status === 0
const why = 'this machine gives no network namespaces with veth: unshare, iproute2 and user namespaces are needed'
if (!allowed) process.stderr.write(`skipped: ${why}\n`)

describe.skipIf(!allowed)(`two nodes on one network${allowed ? '' : ` (skipped: ${why})`}`, () => {
  it('find each other by mDNS alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wattfleet-mdns-'))
    try {
      const program = nodeProgram()
      const spec = join(folder, 'chain.json')
      const chain = ['--preset', 'development', '--chain-type', 'local', '--raw', '--output', spec]
      await command(program, ['export-chain-spec', '--runtime', RUNTIME, ...chain])
      const inside = [process.execPath, '--disable-warning=ExperimentalWarning', PAIR, program, spec, folder]
      const { stdout } = await promisify(execFile)('unshare', [...NAMESPACE, ...inside], {
        maxBuffer: 16 * 1024 * 1024,
      })
      expect(JSON.parse(stdout)).toHaveLength(1)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

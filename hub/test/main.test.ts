import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from './support/inboxes.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')

async function run(...args: string[]): Promise<{ code: number; errors: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args])
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += String(chunk)
  })
  const [code] = await once(child, 'close')
  return { code, errors }
}

describe('a hub with a wrong configuration', () => {
  it('does not start, and names file, place and what was expected', async () => {
    const path = join(temporaryFolder(), 'hub.json')
    writeFileSync(path, JSON.stringify({ community: -1, stateDir: '/tmp/x', brokerUrl: 'http://b', roles: ['cook'] }))
    const { code, errors } = await run('--config', path)
    expect(code).toBe(2)
    for (const place of ['community', 'brokerUrl', 'roles.0', 'seeds', 'hubSeedPath']) {
      expect(errors).toContain(`${path}: ${place}:`)
    }
  })

  it('does not start where it would listen for pushes in vain', async () => {
    const path = join(temporaryFolder(), 'hub.json')
    const files = { caPath: 'x', certPath: 'x', keyPath: 'x', hubSeedPath: 'x' }
    const seeds = { relayer: 'x', matchingEngine: 'x', settlementEngine: 'x' }
    const where = { stateDir: '/tmp/x', brokerUrl: 'mqtts://b', chainEndpoints: ['ws://127.0.0.1:1'] }
    const push = { nodeKeys: ['ab'.repeat(32)] }
    writeFileSync(path, JSON.stringify({ community: 1, ...where, ...files, seeds, roles: ['relay'], push }))
    const { code, errors } = await run('--config', path)
    expect(code).toBe(2)
    expect(errors).toContain(`${path}: push:`)
  })
})

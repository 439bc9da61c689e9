import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { limitsSchema } from '../../src/config.ts'
import { emqxFiles } from '../../src/core/engines/emqx.ts'
import { GRANTS } from '../../src/core/engines/rules.ts'
import { isInstalled } from '../acceptance/process.ts'

// EMQX itself cannot be run here; its list of rules is a file of Erlang terms
const isThere = isInstalled('erl', ['-noshell', '-eval', 'halt().'])
const required = process.env.CI !== undefined || process.env.WATTFLEET_REQUIRE_INTEROP !== undefined
if (!isThere) process.stderr.write('skipped: no Erlang: apt-get install erlang-base\n')

it.skipIf(!isThere && !required)('EMQX’s acl.conf is read by Erlang, a term for each rule', () => {
  const dir = mkdtempSync(join(tmpdir(), 'wattfleet-emqx-'))
  try {
    const settings = {
      ...{ host: '127.0.0.1', port: 8883, limits: limitsSchema.parse({}) },
      ...{ caPath: '/a', certPath: '/b', keyPath: '/c', folder: dir, dataFolder: dir },
      ...{ services: [], gateways: [], revoked: ['a'.repeat(26), 'b'.repeat(26)] },
    }
    writeFileSync(join(dir, 'acl.conf'), emqxFiles(settings)['acl.conf'] ?? '')
    const program = '{ok, Terms} = file:consult("acl.conf"), io:format("~b", [length(Terms)]), halt().'
    const count = execFileSync('erl', ['-noshell', '-eval', program], { cwd: dir, encoding: 'utf8', timeout: 60_000 })
    // the two that are shut out, and the last that refuses all
    expect(Number(count)).toBe(GRANTS.length + 3)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

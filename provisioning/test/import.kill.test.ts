import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fromHex, sha256 } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../src/adapters/store.ts'
import { readAuditKey } from '../src/audit-key.ts'
import { manifestOf, temporaryFolder } from './fixtures/office.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')
const ROWS = 2_500
const KILLS = 4

let dir: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  dir = temporaryFolder()
})
afterEach(() => dir.remove())

function importing() {
  const flags = ['--disable-warning=ExperimentalWarning', CLI, '--config', join(dir.path, 'utility.json')]
  const child = spawn(process.execPath, [...flags, 'import', join(dir.path, 'manifest.csv')])
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  return { child, ended: once(child, 'exit'), out: () => out }
}

describe('an import that is killed', () => {
  it('leaves whole rows, and the same command again makes all of it, with a good claim for each', async () => {
    const at = (name: string) => join(dir.path, name)
    const paths = { stateDir: at('state'), claimsDir: at('claims'), operatorSeedPath: at('operator.seed') }
    writeFileSync(at('utility.json'), JSON.stringify({ ...paths, hubKey: 'ab'.repeat(32) }))
    writeFileSync(at('manifest.csv'), manifestOf(ROWS))
    const store = () => openStore(at('state/provisioning.db'), readAuditKey(at('state/audit.key')))

    const seen: number[] = []
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, ended } = importing()
      // at another moment each time, from when the first of its claims lies there
      const before = claimsIn(paths.claimsDir)
      while (claimsIn(paths.claimsDir) === before && child.exitCode === null) await setTimeout(2)
      await setTimeout(kill * 7 + Math.random() * 25)
      child.kill('SIGKILL')
      await ended
      const opened = store()
      const sites = opened.sites()
      seen.push(sites.length)
      // a row that is there has a claim in force
      expect(sites.every(({ claimExpiresMs }) => claimExpiresMs > 0)).toBe(true)
      expect(opened.audit.verify()).toEqual({ ok: true, entries: opened.audit.head()?.number ?? 0 })
      opened.close()
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expect(seen[0]).toBeLessThan(ROWS) // it was killed in the middle

    const { ended, out } = importing()
    expect((await ended)[0]).toBe(0)
    const { added, known } = JSON.parse(out())
    expect(added + known).toBe(ROWS)
    const opened = store()
    expect(opened.sites().map(({ serial }) => serial)).toEqual(Array.from({ length: ROWS }, (_, n) => `pi-${n + 1}`))
    for (const { serial, claimWritten } of opened.sites()) {
      const path = join(paths.claimsDir, `${serial}.claim.json`)
      const { claim } = JSON.parse(readFileSync(path, 'utf8'))
      const holder = opened.siteByClaim(sha256(fromHex(claim, 32) ?? new Uint8Array()))?.serial
      expect({ holder, claimWritten, mode: statSync(path).mode & 0o777 }).toEqual({
        holder: serial,
        claimWritten: true,
        mode: 0o600,
      })
    }
    expect(opened.audit.entries().filter(({ event }) => event === 'imported')).toHaveLength(ROWS)
    opened.close()
    const again = importing()
    await again.ended
    expect(JSON.parse(again.out())).toEqual({ added: 0, known: ROWS, claims: [] })
    expect(readdirSync(paths.claimsDir).filter((name) => name.endsWith('.draft'))).toEqual([])
  }, 120_000)
})

function claimsIn(folder: string): number {
  if (!existsSync(folder)) return 0
  return readdirSync(folder).filter((name) => name.endsWith('.json')).length
}

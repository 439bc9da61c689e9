import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Claim, parseClaimText } from '@wattfleet/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { describeWithPrograms } from '../../../test-support/programs.ts'
import { manifestOf, temporaryFolder } from '../fixtures/office.ts'

const CLI = join(import.meta.dirname, '../../src/cli.ts')
const run = promisify(execFile)

describeWithPrograms(['pdftoppm', 'pdftotext', 'zbarimg'], 'poppler-utils zbar-tools', () => {
  let dir: ReturnType<typeof temporaryFolder>
  beforeEach(() => {
    dir = temporaryFolder()
  })
  afterEach(() => dir.remove())

  async function cli(...args: string[]) {
    const flags = ['--disable-warning=ExperimentalWarning', CLI, '--config', 'utility.json']
    return JSON.parse((await run(process.execPath, [...flags, ...args], { cwd: dir.path })).stdout)
  }

  it.each(['3x8', '2x7'])(
    'every code of a printed sheet of %s is read, and is the claim of its gateway',
    async (grid) => {
      const at = (name: string) => join(dir.path, name)
      const paths = { stateDir: at('state'), claimsDir: at('claims'), operatorSeedPath: at('operator.seed') }
      const publicUrl = 'https://enrol.a-rather-long-name.utility.example.org:8443'
      writeFileSync(
        at('utility.json'),
        JSON.stringify({ ...paths, publicUrl, hosts: [new URL(publicUrl).hostname], hubKey: 'ab'.repeat(32) }),
      )
      writeFileSync(at('manifest.csv'), manifestOf(26))
      await cli('import', 'manifest.csv')
      const said = await cli('labels', 'labels.pdf', '--grid', grid, '--skip', '3')
      expect(said).toEqual({ labels: 26, pages: grid === '3x8' ? 2 : 3, without: [] })
      expect(statSync(at('labels.pdf')).mode & 0o777).toBe(0o600)

      // zbarimg misses some of a whole page at any one resolution, where a phone looks at one label many times
      for (const dpi of ['120', '150', '300']) {
        await run('pdftoppm', ['-r', dpi, '-gray', '-png', at('labels.pdf'), at(`page-${dpi}`)])
      }
      const pages = readdirSync(dir.path).filter((name) => name.startsWith('page'))
      const { stdout } = await run('zbarimg', ['--quiet', '--raw', ...pages.map(at)])
      const read = [...new Set(stdout.trim().split('\n'))].map(parseClaimText)
      expect(read.every(({ ok }) => ok)).toBe(true)
      const claims = Array.from({ length: 26 }, (_, n): Claim => {
        return JSON.parse(readFileSync(join(paths.claimsDir, `pi-${n + 1}.claim.json`), 'utf8'))
      })
      expect(read.map((one) => one.ok && one.claim.claim).sort()).toEqual(claims.map(({ claim }) => claim).sort())
      expect(new Set(read.map((one) => one.ok && one.claim.url))).toEqual(new Set([publicUrl]))

      const { stdout: text } = await run('pdftotext', [at('labels.pdf'), '-'])
      for (let n = 1; n <= 26; n++) expect(text.split(/\s+/)).toContain(`pi-${n}`)
      expect(text).not.toContain('House')
    },
  )
})

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Bom } from '../src/bom.ts'
import { cratesOf } from '../src/cargo.ts'
import { judge } from '../src/verdict.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8')
interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; link?: boolean; hasInstallScript?: boolean }>>
}
const lock = JSON.parse(read('package-lock.json')) as Lock

describe('the bill of materials', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sbom-'))
  const path = join(dir, 'sbom.cdx.json')
  execFileSync('npm', ['run', '--silent', 'sbom', '--', path], { cwd: ROOT, stdio: 'pipe' })
  const bom = JSON.parse(readFileSync(path, 'utf8')) as Bom & Record<string, unknown>
  rmSync(dir, { recursive: true })
  const all = [bom.metadata.component, ...bom.components]
  const refs = new Set(all.map((one) => one['bom-ref']))

  it('has what CycloneDX 1.5 asks for', () => {
    expect(bom).toMatchObject({
      $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
      bomFormat: 'CycloneDX',
      specVersion: '1.5',
      serialNumber: expect.stringMatching(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      version: 1,
      metadata: { timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/), component: { name: 'wattfleet' } },
    })
    for (const component of all) {
      expect(component).toMatchObject({
        type: expect.stringMatching(/^(application|framework|library)$/),
        name: expect.stringMatching(/./),
        version: expect.stringMatching(/^\d/),
        purl: expect.stringMatching(/^pkg:(npm|cargo)\/./),
      })
      for (const { alg, content } of component.hashes ?? []) {
        expect(alg).toMatch(/^SHA-(1|256|384|512)$/)
        expect(content).toMatch(/^[0-9a-f]{40,128}$/)
      }
    }
  })

  it('names each component once, and no dependency that it does not have', () => {
    expect(refs.size).toBe(all.length)
    for (const { ref, dependsOn = [] } of bom.dependencies) {
      for (const one of [ref, ...dependsOn]) expect(refs).toContain(one)
    }
  })

  it('has every package and every crate of the lock files', () => {
    const purls = new Set(bom.components.map(({ purl }) => purl))
    const packages = Object.entries(lock.packages).filter(([at, { link }]) => at.includes('node_modules/') && !link)
    expect(packages.length).toBeGreaterThan(100)
    for (const [at, { version }] of packages) {
      const name = at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length).replace('@', '%40')
      expect(purls).toContain(`pkg:npm/${name}@${version}`)
    }
    const locks = ['chain/Cargo.lock', 'chain/node/Cargo.lock'].map(read)
    const crates = locks.flatMap(cratesOf)
    expect(crates.length).toBe(locks.join('').split('[[package]]').length - 1)
    const withHash = new Set(bom.components.flatMap(({ hashes }) => hashes?.map(({ content }) => content) ?? []))
    const named = new Set(bom.components.map(({ name, version }) => `${name} ${version}`))
    for (const { name, version } of crates) expect(named).toContain(`${name} ${version}`)
    for (const { checksum } of crates) if (checksum !== undefined) expect(withHash).toContain(checksum)
  })
})

describe('install scripts', () => {
  const { allowScripts } = JSON.parse(read('package.json')) as { allowScripts: Record<string, boolean> }
  const having = Object.entries(lock.packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([at]) => at.replace(/^.*node_modules\//, ''))

  // an npm that does not know the list runs them all: so there are no others in the lock
  it('are those that the list knows, in whatever npm', () => {
    for (const name of having) expect(Object.keys(allowScripts)).toContain(name)
    expect(Object.entries(allowScripts).filter(([, allowed]) => allowed)).toEqual([['node', true]])
  })

  it('that the list does not know end an installation', () => {
    expect(read('.npmrc')).toMatch(/^strict-allow-scripts=true$/m)
  })
})

describe('npm audit', () => {
  const counts = { info: 0, low: 3, moderate: 2, high: 0, critical: 0 }
  it.each<[string, string, boolean, RegExp]>([
    ['nothing high', JSON.stringify({ metadata: { vulnerabilities: counts }, vulnerabilities: {} }), true, /no high/],
    [
      'a high finding',
      JSON.stringify({
        metadata: { vulnerabilities: { ...counts, high: 1 } },
        vulnerabilities: { left: { severity: 'low' }, pad: { severity: 'high' } },
      }),
      false,
      /pad \(high\)$/,
    ],
    ['a count alone', JSON.stringify({ metadata: { vulnerabilities: { ...counts, critical: 1 } } }), false, /high/],
    ['a registry without audits', JSON.stringify({ message: '405 Method', statusCode: 405 }), true, /not audited/],
    ['a registry that fails', JSON.stringify({ message: '500 down', statusCode: 500 }), false, /500 down/],
    ['no network', JSON.stringify({ message: 'ENOTFOUND', error: {} }), false, /ENOTFOUND/],
    ['nothing at all', '', false, /expected JSON/],
  ])('with %s', (_, json, ok, text) => {
    expect(judge(json)).toEqual({ ok, text: expect.stringMatching(text) })
  })
})

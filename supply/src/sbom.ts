import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Bom, withCrates } from './bom.ts'

/** `npm run sbom [-- <file>]`: what this project is made of, from its lock files, as CycloneDX. */
const ROOT = join(import.meta.dirname, '../..')
const path = process.argv[2] ?? 'sbom.cdx.json'

const npm = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
})
const locks = ['chain/Cargo.lock', 'chain/node/Cargo.lock'].map((lock) => readFileSync(join(ROOT, lock), 'utf8'))
const { name } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { name: string }
const bom = withCrates(JSON.parse(npm) as Bom, locks, name)
writeFileSync(path, `${JSON.stringify(bom, null, 2)}\n`)
process.stderr.write(`${path}: ${bom.components.length} components\n`)

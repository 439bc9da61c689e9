import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/*
 * `node runtime-hash.ts`              prints the hash of the runtime's sources
 * `node runtime-hash.ts write RUSTC`  records it beside the hash of the built WebAssembly and the compiler's version
 */

const HERE = import.meta.dirname
export const WASM_PATH = join(HERE, 'runtime', 'wattfleet_runtime.wasm')
export const RECORD_PATH = join(HERE, 'runtime', 'wattfleet_runtime.json')

/** What the WebAssembly is built from: every file that can change its bytes. */
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build-runtime.sh', 'primitives', 'pallets', 'runtime']

export interface RuntimeRecord {
  readonly sourcesSha256: string
  readonly wasmSha256: string
  readonly rustc: string
}

function filesOf(path: string): string[] {
  if (/\.(rs|toml|lock|sh)$/.test(path)) return [path]
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || /\.(rs|toml)$/.test(entry.name))
    .flatMap((entry) => filesOf(join(path, entry.name)))
}

/** SHA-256 over name and content of every source, in the order of their names; line ends as in the repository. */
export function hashSources(): string {
  const hash = createHash('sha256')
  const files = SOURCES.flatMap((source) => filesOf(join(HERE, source)))
  const named = files.map((file) => [relative(HERE, file).split(sep).join('/'), file] as const)
  for (const [name, file] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const content = createHash('sha256').update(readFileSync(file)).digest('hex')
    hash.update(`${name} ${content}\n`)
  }
  return hash.digest('hex')
}

export function hashWasm(): string {
  return createHash('sha256').update(readFileSync(WASM_PATH)).digest('hex')
}

export function readRecord(): RuntimeRecord {
  return JSON.parse(readFileSync(RECORD_PATH, 'utf8')) as RuntimeRecord
}

if (import.meta.main) {
  const [verb, rustc = ''] = process.argv.slice(2)
  if (verb === 'write') {
    const record: RuntimeRecord = { sourcesSha256: hashSources(), wasmSha256: hashWasm(), rustc }
    writeFileSync(RECORD_PATH, `${JSON.stringify(record, null, 2)}\n`)
  } else {
    process.stdout.write(`${hashSources()}\n`)
  }
}

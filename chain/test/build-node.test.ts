import { spawnSync } from 'node:child_process'
import { appendFileSync, chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const CHAIN = join(import.meta.dirname, '..')

let folder: string

/** The script of a copy of the node's sources, with an empty cache and nothing to build with. */
function build(...args: string[]) {
  const env = { PATH: '/usr/bin:/bin', HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') }
  const { status, stdout, stderr } = spawnSync('bash', [join(folder, 'build-node.sh'), ...args], {
    env,
    encoding: 'utf8',
  })
  return { status, path: stdout.trim(), stderr }
}

function pretendBuilt(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, '')
  chmodSync(path, 0o755)
}

describe("the node's build", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wattfleet-build-'))
    cpSync(join(CHAIN, 'build-node.sh'), join(folder, 'build-node.sh'))
    cpSync(join(CHAIN, 'node'), join(folder, 'node'), { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('says that nothing is built, and where it would be', () => {
    const { status, path, stderr } = build('--path')
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('chain/build-node.sh') })
    expect(path).toMatch(/cache\/wattfleet\/node\/[0-9a-f]{64}\/wattfleet-node$/)
  })

  it('builds nothing where these sources were built', () => {
    const { path } = build('--path')
    pretendBuilt(path)
    expect(build()).toEqual({ status: 0, path, stderr: '' })
  })

  it.each(['build-node.sh', 'node/Cargo.lock', 'node/Cargo.toml', 'node/src/service.rs'])(
    'takes a change of %s for other sources',
    (file) => {
      const { path } = build('--path')
      pretendBuilt(path)
      appendFileSync(join(folder, file), '\n')
      const changed = build('--path')
      expect(changed.status).toBe(1)
      expect(changed.path).not.toBe(path)
    },
  )
})

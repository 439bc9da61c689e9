import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..', '..')

interface Locked {
  readonly gypfile?: boolean
  readonly hasInstallScript?: boolean
  readonly link?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Locked>>
}

describe('the lock file', () => {
  it('lets npm ci compile nothing: who has a binding.gyp brings its binaries and says so', () => {
    // `npm install` drops `"gypfile": false` from the lock; without it `npm ci` wants a C++ compiler: put it back
    const compiled = Object.entries(packages)
      .filter(([path]) => existsSync(join(ROOT, path, 'binding.gyp')))
      .filter(([, { gypfile, hasInstallScript }]) => gypfile !== false && hasInstallScript !== true)
    expect(compiled.map(([path]) => path)).toEqual([])
  })

  it('holds the binaries of every platform, not only of the one it was written on', () => {
    // `npm install` beside existing node_modules leaves the others out: write the lock where there are none
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) =>
          packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined,
      ),
    )
    expect(missing).toEqual([])
  })
})

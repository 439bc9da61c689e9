import { chmodSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { signingKeyFromSeed } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { openStore } from '../src/adapters/store.ts'
import { temporaryFolder } from './fixtures/office.ts'

describe('the file of the store, which knows the households', () => {
  it('is for its owner alone, with all that lies beside it, also where it was not before', () => {
    const dir = temporaryFolder()
    const key = signingKeyFromSeed(new Uint8Array(32).fill(1))
    const modes = () => new Set(readdirSync(dir.path).map((name) => statSync(join(dir.path, name)).mode & 0o777))
    try {
      const store = openStore(join(dir.path, 'p.db'), key)
      expect(readdirSync(dir.path).length).toBeGreaterThan(1)
      expect(modes()).toEqual(new Set([0o600]))
      store.close()
      for (const name of readdirSync(dir.path)) chmodSync(join(dir.path, name), 0o644)
      const again = openStore(join(dir.path, 'p.db'), key)
      expect(modes()).toEqual(new Set([0o600]))
      again.close()
    } finally {
      dir.remove()
    }
  })
})

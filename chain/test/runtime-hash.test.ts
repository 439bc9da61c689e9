import { describe, expect, it } from 'vitest'
import { hashSources, hashWasm, readRecord } from '../runtime-hash.ts'

describe('the compiled runtime', () => {
  it('was built from the sources beside it (otherwise run chain/build-runtime.sh)', () => {
    expect(readRecord().sourcesSha256).toBe(hashSources())
  })

  it('is the file that the build recorded', () => {
    expect(readRecord().wasmSha256).toBe(hashWasm())
  })
})

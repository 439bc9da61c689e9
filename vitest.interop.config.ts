import { defineConfig } from 'vitest/config'

/** Tests against implementations that nobody here wrote. Each skips with a clear message where its peer is missing. */
export default defineConfig({
  test: {
    include: ['**/test/interop/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
})

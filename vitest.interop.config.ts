import { defineConfig } from 'vitest/config'

/**
 * Tests against implementations that nobody here wrote, each skipped with a clear message where its peer is missing, and
 * tests that take long: attacks and storms.
 */
export default defineConfig({
  test: {
    include: ['**/test/interop/**/*.test.ts', '**/test/heavy/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
})

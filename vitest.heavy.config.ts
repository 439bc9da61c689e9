import { defineConfig } from 'vitest/config'

/** Attacks and storms: they take long and measure time, so each has the machine for itself. */
export default defineConfig({
  test: {
    include: ['**/test/heavy/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
})

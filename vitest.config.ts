import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['**/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/test/interop/**', '**/test/heavy/**', '**/test/network/**'],
    pool: 'forks',
    // more than cores: the longest files start whole streets and mostly wait for slots to pass
    maxWorkers: 4,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})

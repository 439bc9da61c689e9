import { defineConfig } from 'vitest/config'

/** Tests with real validators, which want the node's program: chain/build-node.sh. Blocks take six seconds there. */
export default defineConfig({
  test: {
    include: ['**/test/network/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    pool: 'forks',
    // more than cores: they mostly wait for blocks
    maxWorkers: 3,
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
})

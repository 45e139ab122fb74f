import { defineConfig } from 'vitest/config';

// Tests import the compiled output (through #src, see package.json): worker threads run compiled files, and
// what is tested is what is shipped. `npm test` builds first.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Training threads and test files share the cores: one file at a time, or timings and limits mean nothing.
    fileParallelism: false,
    testTimeout: 30_000,
    execArgv:
      process.version.startsWith('v20.') || process.version.startsWith('v21.')
        ? ['--experimental-wasm-relaxed-simd']
        : [],
  },
});

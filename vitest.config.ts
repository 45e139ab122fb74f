import { defineConfig } from 'vitest/config';

/** Tests that leave the process as it was: one process runs many files of them. */
const PURE = [
  'test/{core,data,formats,memory,nn}/**/*.test.ts',
  'test/lab/{best,capacity-verdict,environment,fit,scaling-fit,shape,update-time}.test.ts',
];

/** Tests of what comes out, not of when: they may run beside each other. */
const TOGETHER = [
  'test/{architecture,package,guides,readme}.test.ts',
  'test/{bench,cli,infer,kernels}/**/*.test.ts',
  'test/lab/{batch-curve,capacity,cross-validation,gradient-noise,scaling}.test.ts',
  'test/train/{accumulation,adaptive,batch-size,callbacks,checkpoint,choose,data-parallel,dropout,early-stopping,golden,inline,optimisers,options,owner-computes,relaxed,reproducible,resume,runs,streamed-checkpoint,streamed-fit,validation-metrics,weights}.test.ts',
];

// Tests import the compiled output (through #src, see package.json): worker threads run compiled files, and
// what is tested is what is shipped. `npm test` builds first.
const common = {
  pool: 'forks' as const,
  testTimeout: 60_000,
  maxConcurrency: 2,
  // What is compiled already is loaded by Node itself, and not transformed once more for each test file.
  server: { deps: { external: [/\/dist\//] } },
  execArgv:
    process.version.startsWith('v20.') || process.version.startsWith('v21.')
      ? ['--experimental-wasm-relaxed-simd']
      : [],
};

export default defineConfig({
  test: {
    projects: [
      {
        test: { ...common, name: 'pure', include: PURE, maxWorkers: 2, isolate: false, sequence: { groupOrder: 0 } },
      },
      { test: { ...common, name: 'together', include: TOGETHER, maxWorkers: 2, sequence: { groupOrder: 1 } } },
      {
        test: {
          ...common,
          name: 'threads',
          include: ['test/**/*.test.ts'],
          exclude: [...PURE, ...TOGETHER],
          // Training threads and test files share the cores: one file at a time, or timings and limits mean nothing.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});

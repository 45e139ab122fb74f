// What the machine can do at this moment, on this thread: training is compared with it in the same round.
import { AS_IS, findBlas, ROW_MAJOR } from '../src/kernels/blas/library.ts';
import { instantiate } from '../src/kernels/exports.ts';
import { compile, probeSimd } from '../src/kernels/load.ts';

const PEAK_LOOPS = 200_000;
/** 12 products of 4 lanes, each a multiplication and an addition. */
const PEAK_FLOPS = PEAK_LOOPS * 12 * 8;

/** GFLOP/s of independent 128-bit fused multiply-adds. */
export function peakMeter(): () => number {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const simd = probeSimd();
  const wasm = instantiate(compile(simd === 'relaxed-simd' ? simd : 'simd'), memory);
  return best(PEAK_FLOPS, () => wasm.fmaPeak(PEAK_LOOPS), 20);
}

/** GFLOP/s of the BLAS alone, one product of n x n matrices; undefined where there is no BLAS. */
export function sgemmMeter(n = 1024): (() => number) | undefined {
  const found = findBlas();
  if ('obstacle' in found) return undefined;
  const { sgemm, pin } = found.blas;
  const numbers = new Float32Array(new SharedArrayBuffer(3 * n * n * 4)).fill(0.5);
  const pinned = pin(numbers.buffer);
  const step = n * n * 4;
  const once = () => {
    const at = pinned.address;
    sgemm(ROW_MAJOR, AS_IS, AS_IS, n, n, n, 1, at, n, at + step, n, 0, at + 2 * step, n);
  };
  return best(2 * n ** 3, once, 2);
}

/** The best of three runs, after some to warm up. */
function best(flops: number, once: () => unknown, warmUp: number): () => number {
  const rate = () => {
    const start = performance.now();
    once();
    return flops / (performance.now() - start) / 1e6;
  };
  for (let i = 0; i < warmUp; i++) once();
  return () => Math.max(rate(), rate(), rate());
}

// Forces one of the wasm twins on a trainer: its probe of the engine asks WebAssembly.validate.
import { vi } from 'vitest';
import { probeSimd } from '#src/kernels/load.js';

/** The twins that this engine runs. */
export const RUNNING = (['simd', 'relaxed-simd'] as const).filter(
  (twin) => probeSimd() === 'relaxed-simd' || probeSimd() === twin,
);

/** Runs `work` in an engine that seems to have no relaxed SIMD, if `twin` is the plain one. */
export async function withTwin<T>(twin: (typeof RUNNING)[number], work: () => Promise<T>): Promise<T> {
  if (twin === 'relaxed-simd' || probeSimd() === 'simd') return work();
  const engine = (globalThis as unknown as { WebAssembly: { validate: (bytes: Uint8Array) => boolean } }).WebAssembly;
  const spy = vi.spyOn(engine, 'validate').mockReturnValueOnce(false);
  try {
    return await work();
  } finally {
    spy.mockRestore();
  }
}

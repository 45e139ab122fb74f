import { setFlagsFromString } from 'node:v8';
import { probeSimd } from '../kernels/load.ts';

/**
 * Switches relaxed SIMD on where the engine has it behind a flag (Node 20). Only for programs that own their process, and
 * before anything is compiled. An engine that knows no such flag is not asked.
 * @returns what the engine can run now
 */
export function enableRelaxedSimd(): ReturnType<typeof probeSimd> {
  const major = Number(process.versions.node.split('.')[0]);
  if (probeSimd() === 'simd' && major < 22) setFlagsFromString('--experimental-wasm-relaxed-simd');
  return probeSimd();
}

/** A module of one function that multiplies and adds in one step: valid where relaxed SIMD is on. */
const RELAXED_PROBE = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 17, 65, 0, 253, 17, 65,
  0, 253, 17, 253, 133, 2, 11,
]);
/** The same with a plain SIMD addition. */
const SIMD_PROBE = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 0, 253, 17, 65, 0, 253, 17,
  253, 228, 1, 11,
]);

/** What the engine can run. A twin is valid or it is not; nothing is compiled to find out. */
export function probeSimd(): 'relaxed-simd' | 'simd' | 'none' {
  if (typeof WebAssembly === 'undefined') return 'none';
  if (WebAssembly.validate(RELAXED_PROBE)) return 'relaxed-simd';
  return WebAssembly.validate(SIMD_PROBE) ? 'simd' : 'none';
}

import { readFileSync } from 'node:fs';

export const PATTERNS = 8192;
/** The first rows, whose loss is taken before and after training. */
export const CHECKED = 256;

/**
 * @param {{ inputs: string, classes: string }} files
 * @returns {{ inputs: Float32Array, classes: Uint8Array }}
 */
export function readData(files) {
  const bytes = readFileSync(files.inputs);
  const inputs = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return { inputs, classes: Uint8Array.from(readFileSync(files.classes)) };
}

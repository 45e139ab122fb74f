import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

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
  return { inputs, classes: readClasses(files) };
}

/** @returns {Uint8Array} */
export function readClasses({ classes }) {
  return Uint8Array.from(readFileSync(classes));
}

/** The inputs in shared memory, from the beginning. @returns {Float32Array} */
export function readSharedInputs({ inputs }) {
  const file = openSync(inputs);
  const shared = new Uint8Array(new SharedArrayBuffer(fstatSync(file).size));
  for (let at = 0; at < shared.length;) at += readSync(file, shared, at, shared.length - at, null);
  closeSync(file);
  return new Float32Array(shared.buffer);
}

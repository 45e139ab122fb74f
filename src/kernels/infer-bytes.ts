import { readFileSync } from 'node:fs';
import { packageFile } from '../core/package-file.ts';
import type { Twin } from './kernels.ts';

/** The compiled kernels of assembly/infer.ts, from the file beside this one. The browser build puts another module in this one's place. */
export function inferBytes(path: Twin): Uint8Array {
  return readFileSync(packageFile(`./infer-${path}.wasm`, import.meta.url));
}

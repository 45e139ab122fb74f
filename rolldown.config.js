// The browser build: prediction in one module, made of the compiled sources, with the kernels inside.
import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

/** Puts the bytes of the kernels where Node reads them from files. */
const kernelsInside = {
  name: 'kernels-inside',
  load(id) {
    if (!id.endsWith('/src/kernels/infer-bytes.js')) return null;
    const kernels = ['relaxed-simd', 'simd'].map((path) => {
      const bytes = readFileSync(new URL(`./dist/src/kernels/infer-${path}.wasm`, import.meta.url));
      return [path, bytes.toString('base64')];
    });
    return `const KERNELS = ${JSON.stringify(Object.fromEntries(kernels))};
      export function inferBytes(path) {
        return Uint8Array.from(atob(KERNELS[path]), (character) => character.charCodeAt(0));
      }`;
  },
};

export default defineConfig({
  input: 'dist/src/infer/browser.js',
  platform: 'browser',
  plugins: [kernelsInside],
  // What cannot be found would have to come from Node: an error, not a warning.
  onLog(level, log) {
    if (level !== 'info') throw new Error(`${log.code ?? level}: ${log.message}`);
  },
  output: { file: 'dist/browser/gradpool-predict.js', format: 'esm' },
});

// Bundles of the compiled sources: prediction for the browser, with the kernels inside; and each thread's part in one file, because
// a thread starts sooner the fewer files it loads. What is newer than all that it is made of stays as it is: threads may be loading it.
import { readdirSync, readFileSync, statSync } from 'node:fs';
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

/** Where `src/pool/locations.ts` looks, as far from the root as that file is: inside a bundle the distances stay the same. */
const threads = ['coordinator', 'worker', 'predict'].map((name) => ({
  input: `dist/workers/${name}.js`,
  platform: 'node',
  external: /^[^./]/,
  output: { file: `dist/workers/bundled/${name}.js`, format: 'esm', codeSplitting: false, sourcemap: true },
}));

const browser = {
  input: 'dist/src/infer/browser.js',
  platform: 'browser',
  plugins: [kernelsInside],
  // What cannot be found would have to come from Node: an error, not a warning.
  onLog(level, log) {
    if (level !== 'info') throw new Error(`${log.code ?? level}: ${log.message}`);
  },
  output: { file: 'dist/browser/gradpool-predict.js', format: 'esm' },
};

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const sources = ['dist/src', 'dist/workers'].flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => /\.(js|wasm)$/.test(name) && !name.startsWith('bundled'))
    .map((name) => `${folder}/${name}`),
);
const newest = Math.max(...[...sources, 'rolldown.config.js'].map(changed));

export default defineConfig([browser, ...threads].filter(({ output }) => changed(output.file) <= newest));

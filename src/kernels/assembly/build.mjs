// Compiles the kernels: each entry with and without relaxed SIMD. What is newer than all that it is made of stays as it is.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = fileURLToPath(new URL('../../../dist/src/kernels/', import.meta.url));
const BUILDS = [
  { config: 'asconfig.json', target: 'relaxed-simd', made: 'relaxed-simd.wasm' },
  { config: 'asconfig.json', target: 'simd', made: 'simd.wasm' },
  { config: 'asconfig.infer.json', target: 'relaxed-simd', made: 'infer-relaxed-simd.wasm' },
  { config: 'asconfig.infer.json', target: 'simd', made: 'infer-simd.wasm' },
];

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const newest = Math.max(...readdirSync(here).map((name) => changed(join(here, name))));

for (const { config, target, made } of BUILDS) {
  if (changed(join(out, made)) > newest) continue;
  const { error } = await main(['--config', join(here, config), '--target', target], { stderr: process.stderr });
  if (error) {
    console.error(`${made}: ${error.message}`);
    process.exit(1);
  }
}

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { duration, table } from '../src/cli/text.ts';
import { loadNetwork, Predictor, saveNetwork } from '../src/index.ts';
import { makeNetwork, nameOf, NETWORKS } from './networks.ts';
import { type Candidate, type Effort, timeInRounds } from './timing.ts';

const ROOT = new URL('../../', import.meta.url);
/** What a process of its own does; the first does nothing. */
const PROGRAMS = ['0', 'import "gradpool"', 'import "gradpool/predict"'];

/** What stands between the start of a program and its first prediction: processes that import, and model files. */
export async function benchLoading(effort: Effort) {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-bench-'));
  try {
    const programs = PROGRAMS.map((code): Candidate => ({
      name: `node -e '${code}'`,
      repeat: 1,
      run: () => run(code),
    }));
    const models: Candidate[] = [];
    for (const [letter, widths] of Object.entries(NETWORKS)) {
      const path = join(folder, `${letter}.safetensors`);
      await saveNetwork(path, makeNetwork(widths));
      const row = new Float32Array(widths[0]).fill(0.5);
      models.push({
        name: `model file ${nameOf(widths)}, to the first prediction`,
        repeat: 1,
        run: async () => void new Predictor((await loadNetwork(path)).network).predictOne(row),
      });
    }
    const times = await timeInRounds([...programs, ...models], effort);
    const results = [...times].map(([name, seconds]) => ({ name, seconds }));
    const nothing = results[0]!.seconds.median;
    const rows = results.map(({ name, seconds: { median } }) => [
      name,
      duration(median),
      (median / nothing).toFixed(2),
    ]);
    return { results, text: table(['what', 'time', 'of node'], rows) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(code: string): Promise<void> {
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT });
}

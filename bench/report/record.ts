import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataSource, Network, Trainer, type TrainerOptions } from '../../src/index.ts';
import { exactly } from '../../src/train/order.ts';

/** After which code is compiled and caches are warm. */
const UPDATES = 60;

/**
 * Trains a few updates of a copy of the network, and tells who did what when.
 * @returns the trace, as the option `trace` writes it
 */
export async function recordTimeline(network: Network, dataset: DataSource, options: TrainerOptions): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'gradpool-timeline-'));
  const trace = join(folder, 'trace.json');
  const copy = new Network({ ...network.spec, normalization: network.normalization });
  copy.setParameters(network.parameters);
  try {
    {
      await using trainer = await Trainer.create(copy, { ...options, trace });
      await trainer.fit(dataset, exactly(UPDATES, dataset.length, trainer.info.batchSize));
    }
    return JSON.parse(readFileSync(trace, 'utf8')) as object;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

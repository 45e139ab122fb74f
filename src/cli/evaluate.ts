import { Dataset } from '../data/dataset.ts';
import { applyEncoding } from '../data/encode-table.ts';
import type { MissingPolicy, UnknownPolicy } from '../data/encoding.ts';
import { readTable } from '../data/read-table.ts';
import type { LoadedModel } from '../formats/model.ts';
import { measureMetrics } from '../nn/metrics.ts';
import { type LayoutFlags, layoutOf } from './layout-flags.ts';
import { type DataFlags, refuseTableFlags } from './load-data.ts';
import { metricsText } from './metrics-text.ts';
import type { Output } from './output.ts';
import { encodingOf, noteLeftOut, openModel } from './predict.ts';

export type EvaluateFlags = LayoutFlags &
  Pick<DataFlags, 'labels'> & {
    missing?: MissingPolicy;
    unknown?: UnknownPolicy;
  };

/** Measures how good a saved network's answers are on a table, or on IDX files. */
export async function evaluate(
  modelPath: string,
  path: string,
  flags: EvaluateFlags,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  if (flags.labels !== undefined) refuseTableFlags(flags);
  const model = await openModel(modelPath, path);
  const { dataset, names } =
    flags.labels === undefined
      ? await fromTable(modelPath, model, path, flags, output)
      : { dataset: await Dataset.fromIdx({ images: path, labels: flags.labels }), names: model.classes };
  const metrics = await measureMetrics(model.network, dataset, { intervals: true, signal });
  output.text(metricsText('given', metrics, names));
  output.event('metrics', metrics);
}

async function fromTable(
  modelPath: string,
  model: LoadedModel,
  path: string,
  flags: EvaluateFlags,
  output: Output,
): Promise<{ dataset: Dataset; names: readonly string[] }> {
  const encoding = encodingOf(modelPath, model, flags);
  const table = await readTable(path, { ...layoutOf(flags), encoding });
  const names = encoding.classes.length > 0 ? encoding.classes : encoding.targets.map(({ name }) => name);
  output.remarks(table.notes);
  const dataset = applyEncoding(encoding, table);
  noteLeftOut(output, table.rows - dataset.length);
  return { dataset, names };
}

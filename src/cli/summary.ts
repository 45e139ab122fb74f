// What a training says of its data.
import type { Dataset } from '../data/dataset.ts';
import type { StreamedDataset } from '../data/streamed-dataset.ts';
import type { Metrics } from '../nn/metrics.ts';
import type { Network } from '../nn/network.ts';
import type { LoadedData } from './load-data.ts';
import type { Output } from './output.ts';
import { tellingColumns, tellingText } from './telling-columns.ts';

type Rows = Dataset | StreamedDataset;

/** The rows of each part, and the network that they are for. */
export function describeData(
  path: string,
  { train: rows, validation, test, task, encoding, divided }: LoadedData<Rows>,
  network: Network,
): string {
  const gone = encoding?.training.dropped ?? 0;
  const dropped = gone > 0 ? ` (${gone} more dropped for missing values)` : '';
  const part = (name: string, dataset: Rows | undefined) => (dataset ? [`${dataset.length} ${name}`] : []);
  const parts = [...part(`to train${dropped}`, rows), ...part('to validate', validation), ...part('to test', test)];
  const layers = [network.spec.inputs, ...network.spec.layers.map(({ units }) => units)].join('-');
  const how = divided === undefined ? '' : `, ${divided}`;
  return `${path}: ${task}, rows: ${parts.join(', ')}${how}; network ${layers}, ${network.parameterCount} parameters`;
}

/** Names the inputs that look like ids, row numbers or dates. */
export async function tellColumns({ train: rows, encoding }: LoadedData<Rows>, output: Output): Promise<void> {
  if (encoding === undefined) return;
  const columns = await tellingColumns(rows, encoding);
  for (const column of columns) output.note(tellingText(column, encoding.targets[0]!.name));
  if (columns.length > 0) output.event('columns', { columns });
}

/** Classes of which there was no row to judge by. */
export function tellAbsent(part: string, metrics: Metrics, names: readonly string[] | undefined, output: Output): void {
  if (metrics.task !== 'classes') return;
  const absent = metrics.perClass.filter(({ support }) => support === 0).map((one) => names?.[one.class] ?? one.class);
  if (absent.length > 0)
    output.note(`the ${part} set has no row of ${absent.join(', ')}: how these are told apart, it cannot say`);
}

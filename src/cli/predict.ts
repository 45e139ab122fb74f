import { encodeRows } from '../data/encode-table.ts';
import { checkEncoding, type Encoding } from '../data/encoding.ts';
import { readTable } from '../data/read-table.ts';
import type { LoadedModel } from '../formats/model.ts';
import { loadNetwork } from '../formats/model-file.ts';
import { UsageError } from './failure.ts';
import { type DataFlags, readOptions } from './load-data.ts';
import type { Output } from './output.ts';
import { csvLine, writeWhole } from './text.ts';

export interface PredictFlags extends Pick<DataFlags, 'format' | 'delimiter' | 'header'> {
  output?: string;
  probabilities?: boolean;
}

/** How the model's rows are encoded. @throws UsageError if it was trained on IDX files */
export function encodingOf(path: string, { encoding }: LoadedModel): Encoding {
  if (encoding === undefined)
    throw new UsageError(`${path} expected a model that was trained on a table: it has no names of columns`);
  return checkEncoding('encoding', encoding);
}

/** Predicts each row of a table: as CSV, a line for each row, or as JSON. */
export async function predict(modelPath: string, path: string, flags: PredictFlags, output: Output): Promise<void> {
  const model = await loadNetwork(modelPath);
  const encoding = encodingOf(modelPath, model);
  const { format, delimiter, header } = readOptions(flags);
  const table = await readTable(path, { encoding, format, delimiter, header });
  const { inputs, rows } = encodeRows(encoding, table);
  const { network } = model;
  const outputs = rows.length === 0 ? new Float32Array(0) : network.predict(inputs);
  const K = encoding.outputSize;
  const lines = [csvLine(headOf(encoding, flags))];
  for (let i = 0; i < rows.length; i++) {
    const values = describeRow(encoding, outputs.subarray(i * K, (i + 1) * K), flags);
    lines.push(csvLine(Object.values(values)));
    output.event('prediction', { row: rows[i]! + 1, ...values });
  }
  if (rows.length < table.rows) output.note(`${table.rows - rows.length} rows have missing values and are left out`);
  if (flags.output === undefined) output.text(lines.join('\n'));
  else writeWhole(flags.output, `${lines.join('\n')}\n`);
}

function headOf(encoding: Encoding, flags: PredictFlags): string[] {
  return Object.keys(describeRow(encoding, new Float32Array(encoding.outputSize), flags));
}

/** The predicted class or values, by the name of the target; with `probabilities` also those of all classes. */
function describeRow(
  encoding: Encoding,
  y: Float32Array,
  { probabilities }: PredictFlags,
): Record<string, string | number> {
  const { task, targets, classes } = encoding;
  const number = (value: number) => Number(value.toPrecision(7));
  if (task !== 'classification') {
    const named = targets.map(({ name }, k) => [
      name,
      task === 'multi-label' && !probabilities ? (y[k]! > 0.5 ? 1 : 0) : number(y[k]!),
    ]);
    return Object.fromEntries(named) as Record<string, number>;
  }
  const likeliest = y.reduce((best, value, k) => (value > y[best]! ? k : best), 0);
  const chances = probabilities ? classes.map((name, k) => [`p(${name})`, number(y[k]!)]) : [];
  return Object.fromEntries([[targets[0]!.name, classes[likeliest]!], ...chances]) as Record<string, string | number>;
}

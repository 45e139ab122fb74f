import type { OutputArray } from '../core/scaling.ts';
import { Turns } from '../core/turns.ts';
import { encodeRows } from '../data/encode-table.ts';
import { canFill, checkEncoding, type Encoding, type MissingPolicy, type UnknownPolicy } from '../data/encoding.ts';
import { readTable } from '../data/read-table.ts';
import { Predictor } from '../infer/predictor.ts';
import type { LoadedModel } from '../formats/model.ts';
import { loadNetwork } from '../formats/model-file.ts';
import { UsageError } from './failure.ts';
import { type LayoutFlags, layoutOf } from './layout-flags.ts';
import { counted } from './numbers.ts';
import type { Output } from './output.ts';
import { csvLine, prepareOutputs, writeWhole } from './text.ts';

export interface PredictFlags extends LayoutFlags {
  output?: string;
  probabilities?: boolean;
  missing?: MissingPolicy;
  unknown?: UnknownPolicy;
  config?: string;
}

/** Opens the model. @throws UsageError where it stands second on the command line; as `loadNetwork` */
export function openModel(model: string, file: string): Promise<LoadedModel> {
  if (/\.safetensors$/i.test(file) && !/\.safetensors$/i.test(model))
    throw new UsageError(`expected the model first, then the rows: ${file} ${model}`);
  return loadNetwork(model);
}

/**
 * How the model's rows are encoded.
 * @param policies - default: as in training
 * @throws UsageError if it was trained on IDX files, or has nothing to fill in for missing values
 */
export function encodingOf(
  path: string,
  { encoding }: LoadedModel,
  { missing, unknown }: Pick<PredictFlags, 'missing' | 'unknown'>,
): Encoding {
  if (encoding === undefined)
    throw new UsageError(`${path} expected a model that was trained on a table: it has no names of columns`);
  const checked = checkEncoding('encoding', encoding);
  if (missing === 'mean' && !canFill(checked))
    throw new UsageError(`--missing mean expected a model that was trained with it: ${path} has no means to fill in`);
  return { ...checked, missing: missing ?? checked.missing, unknown: unknown ?? checked.unknown };
}

/** Rows that are predicted between two looks at the clock and at the signal. */
const ROWS_AT_ONCE = 1024;

/** Predicts each row of a table: as CSV, a line for each row, or as JSON. Where rows are left out, lines begin with the row. */
export async function predict(
  modelPath: string,
  path: string,
  flags: PredictFlags,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  prepareOutputs({ output: flags.output }, [modelPath, path, flags.config]);
  const model = await openModel(modelPath, path);
  const encoding = encodingOf(modelPath, model, flags);
  const table = await readTable(path, { ...layoutOf(flags), encoding });
  output.remarks(table.notes);
  const { inputs, rows } = encodeRows(encoding, table);
  const predictor = new Predictor(model.network);
  const [n, K] = [encoding.inputSize, encoding.outputSize];
  const numbered = rows.length < table.rows;
  const head = headOf(encoding, flags);
  const lines = [csvLine(numbered ? [rowName(head), ...head] : head)];
  const turns = new Turns('predicting', signal);
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    await turns.next();
    const to = Math.min(rows.length, from + ROWS_AT_ONCE);
    const outputs = predictor.predict<OutputArray>(inputs.subarray(from * n, to * n));
    for (let i = from; i < to; i++) {
      const row = rows[i]! + 1;
      const values = describeRow(encoding, outputs.subarray((i - from) * K, (i - from + 1) * K), flags);
      lines.push(csvLine([...(numbered ? [row] : []), ...Object.values(values)]));
      output.event('prediction', { row, values });
    }
  }
  noteLeftOut(output, table.rows - rows.length);
  if (flags.output === undefined) output.text(lines.join('\n'));
  else {
    await writeWhole(flags.output, `${lines.join('\n')}\n`, 'output');
    output.note(`${flags.output} written, ${rows.length} predictions`);
  }
}

/** Says how many rows of a table are not among those that were looked at. */
export function noteLeftOut(output: Output, rows: number): void {
  if (rows > 0)
    output.note(
      `${counted(rows, 'row')} ${rows === 1 ? 'has' : 'have'} missing values and ${rows === 1 ? 'is' : 'are'} left out`,
    );
}

/** What rows are called beside their values. */
function rowName(names: readonly string[]): string {
  return names.includes('row') ? 'row number' : 'row';
}

function headOf(encoding: Encoding, flags: PredictFlags): string[] {
  return Object.keys(describeRow(encoding, new Float32Array(encoding.outputSize), flags));
}

/** The predicted class or values, by the name of the target; with `probabilities` also those of all classes or labels. */
function describeRow(
  encoding: Encoding,
  y: OutputArray,
  { probabilities }: PredictFlags,
): Record<string, string | number> {
  const { task, targets, classes } = encoding;
  // As many digits as the type has.
  const digits = y instanceof Float32Array ? 7 : 15;
  const number = (value: number) => Number(value.toPrecision(digits));
  const taken = targets.map(({ name }) => name);
  const chances = (names: readonly string[]) =>
    probabilities ? chanceNames(names, taken).map((name, k) => [name, number(y[k]!)] as const) : [];
  if (task !== 'classification') {
    const names = targets.map(({ name }) => name);
    if (task !== 'multi-label') return Object.fromEntries(names.map((name, k) => [name, number(y[k]!)]));
    // Yes from 0.5 on, as metrics count it.
    return Object.fromEntries([...names.map((name, k) => [name, y[k]! >= 0.5 ? 1 : 0] as const), ...chances(names)]);
  }
  let likeliest = 0;
  for (let k = 1; k < y.length; k++) if (y[k]! > y[likeliest]!) likeliest = k;
  return Object.fromEntries<string | number>([[targets[0]!.name, classes[likeliest]!], ...chances(classes)]);
}

/** p(a), p(b), ...; something longer where a target is called so. */
function chanceNames(names: readonly string[], taken: readonly string[]): string[] {
  for (let letter = 'p'; ; letter = letter === 'p' ? 'probability' : `_${letter}`) {
    const called = names.map((name) => `${letter}(${name})`);
    if (!called.some((name) => taken.includes(name))) return called;
  }
}

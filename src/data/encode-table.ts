import { oneOf, options, text, wrongType } from '../core/checks.ts';
import { columnOf } from './bad-data.ts';
import { DataTable } from './data-table.ts';
import { Dataset } from './dataset.ts';
import { encodeInputs, encodeTargets, weightsOf } from './apply-encoding.ts';
import { type EncodeOptions, resolveEncodeOptions } from './encode-options.ts';
import {
  checkEncoding,
  type Encoding,
  MISSING_POLICIES,
  type MissingPolicy,
  UNKNOWN_POLICIES,
  type UnknownPolicy,
} from './encoding.ts';
import { fitEncoding } from './fit-encoding.ts';
import { keptRows } from './kept-rows.ts';
import { rulesOf } from './read-options.ts';
import { type RawRow, rowsToTable } from './table-from-rows.ts';

/** Patterns, and how they were made of the rows. */
export interface EncodedTable {
  readonly dataset: Dataset;
  readonly encoding: Encoding;
  /** What was decided, such as columns that were left out; for people to read. */
  readonly notes: readonly string[];
}

/** What differs from the encoding when rows are encoded. */
export interface RowPolicies {
  /** Default: as in training. */
  missing?: MissingPolicy | undefined;
  /** Default: as in training. */
  unknown?: UnknownPolicy | undefined;
}

/** What an encoding does not tell, or tells otherwise. */
export interface ApplyOptions extends RowPolicies {
  /** A column of what the loss of each pattern is multiplied by, as in `EncodeOptions`. */
  weights?: string | undefined;
}

/** Inputs for `network.predict`. */
export interface EncodedRows {
  /** Rows of n numbers, one after the other. */
  readonly inputs: Float64Array;
  /** n */
  readonly inputSize: number;
  /** For each row of inputs the row of the table that it was; with 'drop', rows with missing values are left out. */
  readonly rows: Uint32Array;
}

/**
 * Makes patterns of a table of training rows: an input for each number, an input for each category (1 for the one that it is, 0 for
 * the others), class numbers or numbers for the targets. Numbers stay raw; a `Normalization` brings them to scale. They are
 * float32 where that is good enough, and bytes or short integers where all are.
 *
 * @throws GradpoolError ERR_BAD_DATA naming the file, the line and the column
 * @example
 * const table = await readTable('iris.csv');
 * const { dataset, encoding } = encodeTable(table, { target: 'species' });
 */
export function encodeTable(table: DataTable, given: EncodeOptions): EncodedTable {
  checkTable(table);
  const resolved = resolveEncodeOptions(given);
  const { encoding, kept, notes } = fitEncoding(table, resolved);
  const dataset = patterns(encoding, table, kept, resolved.weights);
  return { dataset, encoding, notes: [...table.notes, ...notes] };
}

/**
 * Makes patterns of another table in the way of the first, for validation or a test: nothing is measured anew.
 * @throws GradpoolError ERR_BAD_DATA naming the file, the line and the column
 */
export function applyEncoding(encoding: Encoding, table: DataTable, given: ApplyOptions = {}): Dataset {
  checkTable(table);
  const chosen = options<ApplyOptions>('options', given, ['weights', 'missing', 'unknown']);
  const { weights } = chosen;
  const used = withPolicies(encoding, chosen);
  const decisive = weights === undefined ? [] : [columnOf(table, text('weights', weights))];
  const [inputs, targets] = [used.inputs, used.targets].map((list) => list.map(({ name }) => columnOf(table, name)));
  const kept = keptRows(table, inputs!, [...targets!, ...decisive], used.missing, used);
  return patterns(used, table, kept, weights);
}

function patterns(encoding: Encoding, table: DataTable, kept: Uint32Array, weights: string | undefined): Dataset {
  const dataset = Dataset.fromColumns(encodeInputs(encoding, table, kept), encodeTargets(encoding, table, kept));
  return weights === undefined ? dataset : dataset.withWeights(weightsOf(table, columnOf(table, weights), kept));
}

/**
 * Makes inputs of rows whose targets are not known. Columns that the encoding does not use are ignored.
 * @param given - a table, or rows: objects by column name, or lists in the order of `encoding.inputs`
 * @throws GradpoolError ERR_BAD_DATA naming row and column
 * @example
 * const { inputs } = encodeRows(encoding, [{ petals: 1.4, colour: 'blue' }]);
 * network.predict(inputs);
 */
export function encodeRows(
  encoding: Encoding,
  given: DataTable | readonly RawRow[],
  policies: RowPolicies = {},
): EncodedRows {
  const used = withPolicies(encoding, options<RowPolicies>('policies', policies, ['missing', 'unknown']));
  const table = given instanceof DataTable ? given : asTable(used, given);
  const columns = used.inputs.map(({ name }) => columnOf(table, name));
  const kept = keptRows(table, columns, [], used.missing, used);
  const { values, size } = encodeInputs(used, table, kept, Float64Array);
  return { inputs: values as Float64Array, inputSize: size, rows: kept };
}

function withPolicies(encoding: Encoding, chosen: RowPolicies): Encoding {
  const { missing, unknown } = checkEncoding('encoding', encoding);
  return {
    ...encoding,
    missing: oneOf('missing', chosen.missing ?? missing, MISSING_POLICIES),
    unknown: oneOf('unknown', chosen.unknown ?? unknown, UNKNOWN_POLICIES),
  };
}

function asTable({ inputs, missingValues, numberFormat }: Encoding, rows: readonly RawRow[]): DataTable {
  if (!Array.isArray(rows)) throw wrongType('rows', 'DataTable or list of rows', rows);
  const names = inputs.map(({ name }) => name);
  return rowsToTable(rows, names, { ...rulesOf(inputs, missingValues), numberFormat });
}

function checkTable(table: unknown): void {
  if (!(table instanceof DataTable)) throw wrongType('table', 'DataTable', table);
}

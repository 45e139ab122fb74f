import { finite, integer, options, wrongValue } from '../core/checks.ts';
import {
  checkInputSize,
  checkSameRows,
  type DesiredColumns,
  resolveTargets,
  type RowsInput,
  toColumns,
  toDesired,
  toWeights,
} from '../core/columns.ts';
import { GradpoolError } from '../core/errors.ts';
import type { NetworkSpec } from '../core/spec.ts';
import { asNumericArray } from '../core/realm.ts';
import type { Affine, Columns, DataSource, NumericArray, Scaling, Table } from '../core/table.ts';
import { allocate } from '../memory/shared.ts';
import { readIdx } from './idx.ts';
import { readNpy } from './npy.ts';
import { partsOf } from './parts.ts';
import { checkSize, share } from './shared-columns.ts';
import { splitKeys, type SplitOptions } from './split-options.ts';

export interface ArraysInput {
  /** Rows of n numbers, or a flat typed array beside `inputSize`. */
  inputs: RowsInput;
  /** Rows of K values; or a flat list: class numbers for cross-entropy, values where there is one output. */
  targets: RowsInput;
  /** n, for flat inputs. */
  inputSize?: number | undefined;
  /** K, where a flat list of targets holds rows of K values. */
  targetSize?: number | undefined;
  /** What the loss of each pattern is multiplied by: P numbers of at least 0. Default 1. */
  weights?: NumericArray | readonly number[] | undefined;
}

export interface IdxInput {
  /** The inputs, P x any shape: a path, a file URL or bytes; gzip too. */
  images: string | URL | Uint8Array;
  /** The targets, P class numbers or P x K values. */
  labels: string | URL | Uint8Array;
  /** What each input is multiplied by when it is used. Default: 1/255 for unsigned bytes, 1 for all other types. */
  scale?: number | undefined;
}

export interface NpyInput {
  /** The inputs, P x any shape: a path, a file URL or bytes; gzip too. */
  inputs: string | URL | Uint8Array;
  /** The targets, P class numbers or values, or P x K values. */
  targets: string | URL | Uint8Array;
  /** What each input is multiplied by when it is used. Default: 1. */
  scale?: number | undefined;
}

/** What the views of one data set share; in shared memory, in its own type. */
export interface Storage {
  readonly inputs: Columns;
  readonly inputScale: number;
  readonly targets: DesiredColumns;
  /** Of each row; undefined: 1. */
  readonly weights: NumericArray | undefined;
}

/**
 * Patterns and their desired outputs, in shared memory, in the type in which they came: bytes stay bytes.
 * Splits and slices are views: they share the storage.
 */
export class Dataset implements DataSource {
  /** @internal */
  readonly storage: Storage;
  /**
   * Which rows of the storage belong to this set, in order.
   * @internal
   */
  readonly rows: Uint32Array;

  private constructor(storage: Storage, rows: Uint32Array) {
    this.storage = storage;
    this.rows = rows;
  }

  /**
   * Copies arrays into shared memory. Plain numbers become float32, or float64 where float32 would lose what they tell (times since
   * 1970, tiny numbers); typed arrays keep their type. Typed arrays that are in shared memory already (over a `SharedArrayBuffer`) are
   * used as they are, not copied: leave them as they are, too. Targets that are no longer what they were checked to be end a
   * training with ERR_BAD_DATA; inputs that become NaN make its loss NaN.
   * @throws TypeError, RangeError naming the row and the column of what is wrong; GradpoolError ERR_DOES_NOT_FIT for more than 4 GiB
   * @example
   * Dataset.fromArrays({ inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [0, 1, 1, 0] });
   */
  static fromArrays(given: ArraysInput): Dataset {
    const keys = ['inputs', 'targets', 'inputSize', 'targetSize', 'weights'] as const;
    const { inputs, targets, inputSize, targetSize, weights } = options<ArraysInput>('arrays', given, keys);
    const n = inputSize === undefined ? undefined : integer('inputSize', inputSize, 1);
    const K = targetSize === undefined ? undefined : integer('targetSize', targetSize, 1);
    for (const list of [inputs, targets]) checkSize(list);
    const from = toColumns('inputs', inputs, n, 'inputSize');
    checkTargetSize(K, targets, from.values.length / from.stride);
    const desired = toDesired('targets', targets, K, 'targetSize');
    const dataset = Dataset.#create(from, desired, 1, !ArrayBuffer.isView(inputs), !ArrayBuffer.isView(targets));
    return weights === undefined ? dataset : dataset.withWeights(weights);
  }

  /**
   * Reads a pair of IDX files, as MNIST has them.
   * @throws GradpoolError ERR_BAD_FILE; RangeError if the files do not go together
   */
  static async fromIdx(given: IdxInput): Promise<Dataset> {
    const { images, labels, scale } = options<IdxInput>('files', given, ['images', 'labels', 'scale']);
    if (scale !== undefined) finite('scale', scale, -Infinity);
    const [x, d] = await Promise.all([readIdx('images', images), readIdx('labels', labels)]);
    if (x.shape[0] !== d.shape[0]) {
      throw new RangeError(`"labels" expected one for each of ${x.shape[0]} images, got ${d.shape[0]}`);
    }
    const size = (shape: readonly number[]) => shape.slice(1).reduce((product, length) => product * length, 1);
    if (x.values.length === 0 || d.values.length === 0)
      throw new GradpoolError(
        'ERR_BAD_FILE',
        `images and labels expected at least one pattern, got shape ${x.shape.join(' x ')}`,
      );
    const inputs = toColumns('images', x.values, size(x.shape), 'inputSize');
    const desired = toDesired('labels', d.values, d.shape.length === 1 ? undefined : size(d.shape), 'targetSize');
    return Dataset.#create(inputs, desired, scale ?? (x.values instanceof Uint8Array ? 1 / 255 : 1), false, false);
  }

  /**
   * Reads a pair of .npy files, as NumPy writes them.
   * @throws GradpoolError ERR_BAD_FILE; RangeError if the files do not go together
   */
  static async fromNpy(given: NpyInput): Promise<Dataset> {
    const { inputs, targets, scale = 1 } = options<NpyInput>('files', given, ['inputs', 'targets', 'scale']);
    finite('scale', scale, -Infinity);
    const [x, d] = await Promise.all([readNpy('inputs', inputs), readNpy('targets', targets)]);
    const size = (shape: readonly number[]) => shape.slice(1).reduce((product, length) => product * length, 1);
    const from = toColumns('inputs', x.values, size(x.shape), 'inputSize');
    const desired = toDesired('targets', d.values, d.shape.length < 2 ? undefined : size(d.shape), 'targetSize');
    return Dataset.#create(from, desired, scale, false, false);
  }

  /**
   * Takes columns as they are, in shared memory.
   * @internal
   */
  static fromColumns(inputs: Columns, targets: DesiredColumns, inputScale = 1): Dataset {
    return Dataset.#create(inputs, targets, inputScale, false, false);
  }

  static #create(
    inputs: Columns,
    targets: DesiredColumns,
    inputScale: number,
    plainInputs: boolean,
    plainTargets: boolean,
  ): Dataset {
    const length = checkSameRows(inputs, targets.columns);
    const storage = {
      inputs: share(inputs, plainInputs),
      inputScale,
      targets: { flat: targets.flat, columns: share(targets.columns, plainTargets) },
      weights: undefined,
    };
    return new Dataset(
      storage,
      Uint32Array.from({ length }, (_, i) => i),
    );
  }

  /** P, the number of patterns. */
  get length(): number {
    return this.rows.length;
  }

  /** n, the number of inputs of a pattern. */
  get inputSize(): number {
    return this.storage.inputs.size;
  }

  /** The size of the storage in bytes, which all views share. */
  get bytes(): number {
    const { inputs, targets, weights } = this.storage;
    return inputs.values.byteLength + targets.columns.values.byteLength + (weights?.byteLength ?? 0);
  }

  /** One pattern as it stands in the storage: inputs (times `scale`), targets, and its weight if the set has any. */
  pattern(index: number): { inputs: number[]; targets: number[]; weight?: number } {
    const row = this.rows[integer('index', index, 0, this.length - 1)]!;
    const { inputs, inputScale, targets, weights } = this.storage;
    const read = ({ values, size, stride }: Columns) => Array.from(values.subarray(row * stride, row * stride + size));
    const pattern = { inputs: read(inputs).map((x) => inputScale * x), targets: read(targets.columns) };
    return weights === undefined ? pattern : { ...pattern, weight: weights[row]! };
  }

  /** The patterns [from, to) as a view. */
  slice(from: number, to = this.length): Dataset {
    integer('from', from, 0, this.length - 1);
    integer('to', to, from + 1, this.length);
    return new Dataset(this.storage, this.rows.slice(from, to));
  }

  /**
   * The patterns with these indices, in this order, as a view.
   * @throws TypeError, RangeError naming the index that is wrong
   */
  select(indices: ArrayLike<number>): Dataset {
    const count = integer('indices.length', (indices as ArrayLike<number> | undefined)?.length, 1);
    const last = this.length - 1;
    return new Dataset(
      this.storage,
      Uint32Array.from({ length: count }, (_, i) => this.rows[integer(`indices[${i}]`, indices[i], 0, last)]!),
    );
  }

  /**
   * Divides the patterns into views, the first with `share` of them: at random, by class, by group or by time.
   * @param share - in (0, 1), or a list of shares that add up to at most 1, the rest being the last view
   * @example
   * const [train, validation] = dataset.split(0.8, { seed: 1 });
   * const [a, b, c] = dataset.split([0.7, 0.15]);
   * const [before, after] = dataset.split(0.8, { times });
   */
  split(share: number | readonly number[], given: SplitOptions = {}): [Dataset, Dataset, ...Dataset[]] {
    const { how, keys } = splitKeys(given, this.rows, this.storage.targets);
    const parts = partsOf(share, how, this.length, keys);
    return parts.map(
      (part) =>
        new Dataset(
          this.storage,
          part.map((i) => this.rows[i]!),
        ),
    ) as [Dataset, Dataset];
  }

  /**
   * The same patterns with these weights in place of those that they had: a view whose weights are its own. In training and evaluation
   * the loss of a pattern is multiplied by its weight; sums are still divided by the number of patterns, not by the sum of the weights.
   * @param weights - P numbers of at least 0, in the order of the set
   * @throws TypeError, RangeError naming the pattern
   */
  withWeights(weights: NumericArray | readonly number[]): Dataset {
    const all = toWeights(weights, this.length);
    const { values, stride } = this.storage.inputs;
    const ofRows = new Float32Array(allocate((4 * values.length) / stride)).fill(NaN);
    this.rows.forEach((row, p) => {
      const earlier = ofRows[row]!;
      if (earlier !== all[p] && !Number.isNaN(earlier))
        throw wrongValue(`weights[${p}]`, `${earlier}, which the same pattern had before`, all[p]);
      ofRows[row] = all[p]!;
    });
    return new Dataset({ ...this.storage, weights: ofRows }, this.rows);
  }

  /**
   * Makes the set ready for a network: scales and meaning of the targets; nothing is copied.
   * @throws RangeError if it does not fit the network
   * @internal
   */
  bind(spec: NetworkSpec, scaling: Scaling): { table: Table; rows: Uint32Array } {
    const { inputs, inputScale, targets, weights } = this.storage;
    checkInputSize(inputs.size, spec);
    const affine = compose(inputs.size, inputScale, scaling.inputs);
    return {
      table: { inputs, affine, targets: resolveTargets(spec, targets, scaling.targets, this.rows), weights },
      rows: this.rows,
    };
  }
}

/** @throws RangeError where `targetSize` stands beside a list that has one number for each pattern, as class numbers are */
function checkTargetSize(K: number | undefined, targets: unknown, patterns: number): void {
  if (K === undefined || K === 1 || patterns === 0) return;
  const flat = asNumericArray(targets) ?? (Array.isArray(targets) && typeof targets[0] === 'number' ? targets : []);
  if (flat.length !== patterns) return;
  throw new RangeError(
    `"targetSize" expected to be left out beside one number for each of ${patterns} inputs, as class numbers are, got ${K}`,
  );
}

/** How raw inputs become those of a network: multiplied by `factor`, then normalised. */
export function compose(size: number, factor: number, affine: Affine | undefined): Affine {
  const scale = Float64Array.from({ length: size }, (_, i) => factor * (affine?.scale[i] ?? 1));
  const shift = Float64Array.from({ length: size }, (_, i) => affine?.shift[i] ?? 0);
  return { scale, shift };
}

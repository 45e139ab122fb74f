import { integer, options, text, wrongType } from '../core/checks.ts';
import { checkInputSize, resolveTargets } from '../core/columns.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { Affine, Columns, RowFactors, RowStream, Scaling, StreamedSource, Targets } from '../core/table.ts';
import { compose, Dataset } from './dataset.ts';
import type { Encoding } from './encoding.ts';
import { RowFile } from './row-file.ts';
import { bufferBytes, columnsOver, type Field, type RowLayout, rowBytes } from './row-layout.ts';
import { leastMemory, ringShape, type RingShape, RowRing } from './row-ring.ts';
import type { RowStatistics } from './row-statistics.ts';
import { layoutOf, type RowPlace, RowWriter } from './row-writer.ts';

export interface MemoryOptions {
  /** Bytes of rows that are in memory while the set is used, by each trainer that uses it. Default 256 MiB. */
  memory?: number | undefined;
}

export interface StoreOptions extends MemoryOptions {
  /**
   * Where the rows are stored until the set is closed: a folder on a disk that has room for them. The file has no name there, and is
   * gone when the process ends, however it ends.
   */
  folder?: string | undefined;
  /** Or a file that is kept, for `StreamedDataset.open`. */
  path?: string | undefined;
}

const DEFAULT_MEMORY = 2 ** 28;
/** Bytes of the patterns that `pieces` brings into memory at a time. */
const PIECE = 2 ** 22;
/** What an array of bytes can hold. */
const MOST_MEMORY = 2 ** 32;

/**
 * Patterns on a disk, for sets that memory does not hold. They lie in one file, each in the same number of bytes, in the types in which
 * they came, with their weights if they have any, and were measured when they were stored: `Normalization.fit` needs no further look at them.
 *
 * A trainer has three windows of them in memory: it trains on one while the next is read. In an epoch each row is used once. With
 * `shuffle` the file's blocks come in a random order, 8 of them make a window, and the rows of a window are in a random order: two
 * neighbours of the file are either in the same window or far apart, so rows that stand sorted in the file (by class, by time) stay
 * partly sorted unless `memory` is large; shuffle such a file first. The order depends on seed, epoch and `memory`, not on the batch
 * size or the number of workers. Close the set when no trainer uses it any more.
 *
 * @example
 * const { datasets: [train, test] } = await streamDataset('big.csv', { target: 'income' }, {}, { split: [0.9] });
 * await trainer.fit(train, { epochs: 5, validation: test });
 */
export class StreamedDataset implements StreamedSource {
  /** How the rows of a table became patterns; undefined where they came otherwise. */
  readonly encoding: Encoding | undefined;
  /** @internal */
  readonly statistics: RowStatistics;
  /** @internal */
  readonly layout: RowLayout;
  readonly #file: RowFile;
  readonly #shape: RingShape;

  private constructor(file: RowFile, memory: number) {
    const { rows, layout, statistics, encoding } = file.about;
    this.encoding = encoding;
    this.statistics = statistics;
    this.layout = layout;
    this.#file = file;
    this.#shape = ringShape(rows, file.rowBytes, memory);
  }

  /**
   * Opens a file in which rows were stored.
   * @throws GradpoolError ERR_BAD_FILE; what `node:fs` throws if it cannot be opened
   */
  static async open(path: string, given: MemoryOptions = {}): Promise<StreamedDataset> {
    text('path', path);
    const memory = memoryOf(options<MemoryOptions>('options', given, ['memory']));
    const file = await RowFile.open(path);
    try {
      checkMemory(file.rowBytes, memory);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new StreamedDataset(file, memory);
  }

  /**
   * Stores patterns that come in pieces, each a data set as large as you like; the first decides sizes and types.
   * @throws TypeError, RangeError naming the piece that does not go with the first; what `node:fs` throws
   * @example
   * async function* pieces() {
   *   for (let day = 0; day < 365; day++) yield Dataset.fromArrays(await measurementsOf(day));
   * }
   * const train = await StreamedDataset.store(pieces(), { folder: '/data' });
   */
  static async store(
    pieces: Iterable<Dataset> | AsyncIterable<Dataset>,
    given: StoreOptions,
  ): Promise<StreamedDataset> {
    const { memory, place } = resolveStore(options<StoreOptions>('options', given, ['folder', 'path', 'memory']));
    if (place === undefined) throw new TypeError('"options" expected a folder or a path');
    let writer: RowWriter | undefined;
    try {
      let number = 0;
      for await (const piece of pieces) {
        if (!(piece instanceof Dataset)) throw wrongType(`pieces[${number}]`, 'Dataset', piece);
        const { inputs, inputScale, targets, weights } = piece.storage;
        const columns = { inputs, targets, weights: weights && { values: weights, size: 1, stride: 1 } };
        const layout = layoutOf(columns, inputScale);
        if (writer === undefined) {
          checkMemory(rowBytes(layout), memory);
          writer = await RowWriter.create(layout, place, undefined);
        }
        checkSame(`pieces[${number++}]`, layout, writer.layout);
        writer.append(columns, piece.rows);
      }
      if (writer === undefined) throw new RangeError('"pieces" expected at least one data set, got none');
      await writer.complete(undefined);
      return new StreamedDataset(await writer.publish(), memory);
    } catch (error) {
      await writer?.discard();
      throw error;
    }
  }

  /** @internal */
  static over(file: RowFile, memory: number): StreamedDataset {
    return new StreamedDataset(file, memory);
  }

  /** P, the number of patterns. */
  get length(): number {
    return this.#file.about.rows;
  }

  /** n, the number of inputs of a pattern. */
  get inputSize(): number {
    return this.layout.inputs.size;
  }

  /** The size of the patterns on the disk in bytes. */
  get bytes(): number {
    return this.length * this.#file.rowBytes;
  }

  /** Rows that are in memory together and shuffled together. */
  get windowRows(): number {
    return this.#shape.windowRows;
  }

  /** Rows that lie side by side in the file and are read together. */
  get blockRows(): number {
    return this.#shape.blockRows;
  }

  /**
   * @throws RangeError if the patterns do not fit the network
   * @internal
   */
  stream(spec: NetworkSpec, scaling: Scaling): { mostBatch: number; open(factors?: RowFactors): RowStream } {
    const { layout, statistics } = this;
    checkInputSize(layout.inputs.size, spec);
    const affine = compose(layout.inputs.size, layout.inputScale, scaling.inputs);
    // What a row says is checked by what was measured of all of them.
    const { targets } = columnsOver(layout, new ArrayBuffer(bufferBytes(layout, 1)), 1);
    const meaning = resolveTargets(spec, targets, scaling.targets, []);
    checkTargets(spec, statistics, meaning);
    const open = (factors?: RowFactors) => new RowRing(this.#file, this.#shape, affine, meaning, factors);
    return { mostBatch: this.#shape.mostBatch, open };
  }

  /**
   * The patterns in the order in which they are stored, in pieces of a few MB.
   * @throws GradpoolError ERR_BAD_FILE, ERR_CLOSED
   */
  async *pieces(): AsyncGenerator<Dataset, void, undefined> {
    const { rowBytes } = this.#file;
    const most = Math.max(1, Math.floor(PIECE / rowBytes));
    await this.#file.checkUnchanged();
    for (let first = 0; first < this.length; first += most) {
      const rows = Math.min(most, this.length - first);
      const bytes = new Uint8Array(bufferBytes(this.layout, rows));
      await this.#file.read(bytes.subarray(0, rows * rowBytes), first);
      const { inputs, targets, weights } = columnsOver(this.layout, bytes.buffer, rows);
      const piece = Dataset.fromColumns(inputs, targets, this.layout.inputScale);
      yield weights === undefined ? piece : piece.withWeights(columnOf(weights, rows));
    }
  }

  /** Closes the file; a training that still uses it fails with ERR_CLOSED. May be called again. */
  close(): Promise<void> {
    return this.#file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Where the rows go, if it was said, and how many bytes of them are to be in memory. */
export function resolveStore({ folder, path, memory }: StoreOptions): { memory: number; place: RowPlace | undefined } {
  if (folder !== undefined && path !== undefined) throw new TypeError('"folder" expected no "path" beside it');
  const place =
    path !== undefined
      ? { path: text('path', path) }
      : folder !== undefined
        ? { folder: text('folder', folder) }
        : undefined;
  return { memory: memoryOf({ memory }), place };
}

export function memoryOf({ memory = DEFAULT_MEMORY }: MemoryOptions): number {
  return integer('memory', memory, 1, MOST_MEMORY);
}

/** @throws RangeError where not even the smallest windows have room */
export function checkMemory(rowBytes: number, memory: number): void {
  const least = leastMemory(rowBytes);
  if (memory < least)
    throw new RangeError(`"memory" expected at least ${least}, for rows of ${rowBytes} bytes, got ${memory}`);
}

function checkSame(name: string, actual: RowLayout, first: RowLayout): void {
  const words = ({ inputs, inputScale, targets, flat, weighted }: RowLayout) =>
    `${inputs.size} inputs (${inputs.type}, scale ${inputScale}) and ${flat ? 'a flat target' : `${targets.size} targets`} (${targets.type})` +
    (weighted ? ', with a weight' : '');
  // float64 holds what is float32: plain rows are the one or the other, as their numbers need it.
  const held = (now: Field, then: Field): Field =>
    now.type === 'f4' && then.type === 'f8' ? { ...now, type: 'f8' } : now;
  const stored = { ...actual, inputs: held(actual.inputs, first.inputs), targets: held(actual.targets, first.targets) };
  if (words(stored) === words(first)) return;
  const lost = (['inputs', 'targets'] as const).find((of) => first[of].type === 'f4' && actual[of].type === 'f8');
  const hint = lost === undefined ? '' : `: give the ${lost} of all pieces as Float64Array`;
  throw new RangeError(`"${name}" expected ${words(first)}, as the first piece has, got ${words(actual)}${hint}`);
}

function columnOf({ values, stride }: Columns, rows: number): Float32Array {
  return Float32Array.from({ length: rows }, (_, r) => values[r * stride]!);
}

/** The checks that a data set in memory makes row by row, made of least and greatest. */
function checkTargets(spec: NetworkSpec, { targets, integers, sums }: RowStatistics, meaning: Targets): void {
  if (meaning.kind === 'classes') {
    const K = spec.layers.at(-1)!.units;
    const [{ min, max }] = targets as [RowStatistics['targets'][0]];
    if (!integers || min < 0 || max >= K)
      throw new RangeError(`"targets" expected class numbers in [0, ${K - 1}], got ${numbersIn(min, max, integers)}`);
    return;
  }
  if (spec.loss === 'mse') return;
  const { affine } = meaning;
  targets.forEach(({ min, max }, k) => {
    const [low, high] = extent(affine, k, min, max);
    if (!(low >= -1e-6 && high <= 1 + 1e-6))
      throw new RangeError(
        `"targets" expected values in [0, 1] for ${spec.loss}, got ${low} to ${high} in column ${k}`,
      );
  });
  if (spec.loss === 'cross-entropy' && (Math.abs(sums.min - 1) > 1e-3 || Math.abs(sums.max - 1) > 1e-3))
    throw new RangeError(`"targets" expected probabilities that add up to 1, got sums of ${sums.min} to ${sums.max}`);
}

function extent(affine: Affine | undefined, k: number, min: number, max: number): [number, number] {
  if (affine === undefined) return [min, max];
  const ends = [min, max].map((d) => affine.scale[k]! * d + affine.shift[k]!);
  return [Math.min(...ends), Math.max(...ends)];
}

function numbersIn(min: number, max: number, integers: boolean): string {
  return `${integers ? 'integers' : 'numbers'} from ${min} to ${max}`;
}

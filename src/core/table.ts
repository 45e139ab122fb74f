import type { NumericArray } from './realm.ts';
import type { NetworkSpec } from './spec.ts';

export type { NumericArray } from './realm.ts';

/** Numbers in rows: row r, column c at r * stride + c. */
export interface Columns {
  readonly values: NumericArray;
  readonly size: number;
  /** Elements from one row to the next; at least `size`. */
  readonly stride: number;
}

/** Per column: normalised = scale * raw + shift. */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** The desired outputs as the loss wants them. */
export type Targets =
  | { readonly kind: 'classes'; readonly columns: Columns }
  | {
      readonly kind: 'values';
      readonly columns: Columns;
      readonly affine: Affine | undefined;
      /** The loss takes them for probabilities: each is in [0, 1]. */
      readonly shares?: boolean | undefined;
    };

/**
 * A data set made ready for one network: what crosses threads and what the kernels gather rows from.
 * The arrays lie in shared memory; nothing is copied.
 */
export interface Table {
  readonly inputs: Columns;
  readonly affine: Affine;
  readonly targets: Targets;
  /** Of each row, at least 0: what its loss and its deltas are multiplied by. Undefined: 1. */
  readonly weights?: NumericArray | undefined;
}

/** How a network's inputs and outputs are normalised; fitted on the training part. */
export interface Scaling {
  readonly inputs: Affine | undefined;
  readonly targets: Affine | undefined;
}

/** Patterns with their desired outputs, as a network asks for them. */
export interface DataSource {
  readonly length: number;
  /**
   * The whole storage made ready for a network, and which of its rows belong to the source.
   * @internal
   */
  bind(spec: NetworkSpec, scaling: Scaling): { readonly table: Table; readonly rows: Uint32Array };
}

/** The order in which a pass goes through stored rows; undefined: as they are stored. */
export interface PassOrder {
  readonly seed: number;
  /** Each pass of a seed has a stream of its own. */
  readonly stream: number;
}

/** Rows of a pass that are in memory: those at the places [from, from + rows) of the stream's order. */
export interface Span {
  readonly from: number;
  readonly rows: number;
  /** The pass ends with them. */
  readonly last: boolean;
}

/** Stored rows going by: a part of them is in memory at a time, where threads see it. */
export interface RowStream {
  /** Room for the rows that are in memory. */
  readonly table: Table;
  /** Which rows of the table are used, in order; the next are written while the last are read. */
  readonly order: Uint32Array;
  /**
   * Begins a pass over all rows; nobody uses the last one's any more.
   * @param again - another pass with the next stream of the seed is likely to follow: its first rows are read ahead
   */
  begin(order: PassOrder | undefined, again: boolean): void;
  /**
   * The next rows of the pass, before them those of the last span that were not used; the rows after them are read ahead.
   * @param used - how many rows of the last span were used; the rest is less than what the stream takes for a batch
   * @throws GradpoolError ERR_BAD_FILE, ERR_CLOSED
   */
  next(used: number): Promise<Span>;
}

/** What the weights of rows of a table are multiplied by, in their order. */
export type RowFactors = (table: Table, rows: Uint32Array) => ArrayLike<number>;

/** Patterns that are read from a disk while they are used, as a network asks for them. */
export interface StreamedSource {
  readonly length: number;
  /** Rows of a block, which are read together, and of a window, which are shuffled together. */
  readonly blockRows: number;
  readonly windowRows: number;
  /**
   * Checks the patterns against a network.
   * @returns the largest batch that a stream of them can make, and streams, each with memory of its own; their rows may be weighted
   * @internal
   */
  stream(spec: NetworkSpec, scaling: Scaling): { readonly mostBatch: number; open(factors?: RowFactors): RowStream };
  /** The patterns in the order in which they are stored, in pieces. */
  pieces(): AsyncIterable<DataSource>;
}

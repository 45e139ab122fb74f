import type { NetworkSpec } from './spec.ts';

/** The types in which data may lie; bytes stay bytes. */
export type NumericArray =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

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
  | { readonly kind: 'values'; readonly columns: Columns; readonly affine: Affine | undefined };

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

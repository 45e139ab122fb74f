import type { NetworkSpec } from '../core/spec.ts';
import type { OutputArray } from '../core/scaling.ts';
import type { Scaling } from '../core/table.ts';

/** Numbers in rows, as a predictor reads them: row r begins at r * n. */
export type Rows = ArrayLike<number>;

/** What computes the predictions of one network, on memory of its own. */
export interface Engine {
  /** The most rows of one call. */
  readonly rows: number;
  /**
   * Y in the units of the targets, for `rows` rows of X from row `from` on, written to out (rows x K) from row `from` on.
   * Nothing is allocated.
   * @param X - raw inputs, known to be finite numbers
   */
  run(X: Rows, out: OutputArray, from: number, rows: number): void;
}

/** Per column, in float64: raw to normalised for the inputs, normalised to raw for the outputs. */
export interface Scales {
  readonly inScale: Float64Array;
  readonly inShift: Float64Array;
  readonly outScale: Float64Array;
  readonly outShift: Float64Array;
}

/** The normalisation of a network in a form that needs no case distinction. */
export function scalesOf(spec: NetworkSpec, { inputs, targets }: Scaling): Scales {
  const n = spec.inputs;
  const K = spec.layers.at(-1)!.units;
  return {
    inScale: inputs?.scale ?? new Float64Array(n).fill(1),
    inShift: inputs?.shift ?? new Float64Array(n),
    outScale: targets ? targets.scale.map((scale) => 1 / scale) : new Float64Array(K).fill(1),
    outShift: targets ? targets.shift.map((shift, k) => -shift / targets.scale[k]!) : new Float64Array(K),
  };
}

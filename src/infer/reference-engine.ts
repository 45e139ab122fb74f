import type { NetworkSpec } from '../core/spec.ts';
import type { OutputArray } from '../core/scaling.ts';
import type { Scaling } from '../core/table.ts';
import { forwardPattern, type Layer64 } from '../kernels/reference/pattern.ts';
import type { LayerParameters } from '../memory/arena.ts';
import { type Engine, type Rows, type Scales, scalesOf } from './engine.ts';

/**
 * The parameters in float64, which the formulas are computed in.
 * @param allocate - memory for so many bytes
 */
export function referenceLayers(
  parameters: readonly LayerParameters[],
  allocate: (bytes: number) => ArrayBufferLike,
): Layer64[] {
  const widen = (values: Float32Array): Float64Array => {
    const wide = new Float64Array(allocate(8 * values.length));
    wide.set(values);
    return wide;
  };
  return parameters.map(({ weights, bias }) => ({ W: widen(weights), b: widen(bias) }));
}

/** The formulas in float64, row by row, for where there is no WebAssembly. It does allocate. */
export class ReferenceEngine implements Engine {
  readonly rows = 1;
  readonly #spec: NetworkSpec;
  readonly #scales: Scales;
  readonly #layers: readonly Layer64[];
  readonly #x: Float64Array;

  constructor(layers: readonly Layer64[], spec: NetworkSpec, scaling: Scaling) {
    this.#spec = spec;
    this.#scales = scalesOf(spec, scaling);
    this.#layers = layers;
    this.#x = new Float64Array(spec.inputs);
  }

  run(X: Rows, out: OutputArray, from: number, rows: number): void {
    const { inScale, inShift, outScale, outShift } = this.#scales;
    const n = this.#x.length;
    for (let r = from; r < from + rows; r++) {
      for (let c = 0; c < n; c++) this.#x[c] = inScale[c]! * X[r * n + c]! + inShift[c]!;
      const y = forwardPattern(this.#spec, this.#layers, this.#x).at(-1)!;
      for (let k = 0; k < y.length; k++) out[r * y.length + k] = outScale[k]! * y[k]! + outShift[k]!;
    }
  }
}

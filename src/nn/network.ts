import { integer, oneOf, options, wrongType } from '../core/checks.ts';
import {
  checkInputSize,
  checkSameRows,
  classOf,
  resolveTargets,
  toColumns,
  toDesired,
  toWeights,
  type RowsInput,
} from '../core/columns.ts';
import { type OutputArray, outputType } from '../core/scaling.ts';
import { type LayerSpec, type Loss, type NetworkSpec, parameterCount, resolveSpec } from '../core/spec.ts';
import type { Affine, Columns, DataSource, NumericArray, Scaling, Targets } from '../core/table.ts';
import { backwardBatch, batchLoss, type BatchForward, forwardBatch } from '../kernels/reference/batch.ts';
import { jacobianPattern, type Layer64 } from '../kernels/reference/pattern.ts';
import type { LayerParameters } from '../memory/arena.ts';
import { INITIALISATIONS, initialise, type Initialisation } from './initialise.ts';
import { type ParametersInput, readParameters } from './parameters.ts';

export interface NetworkOptions {
  /** n, the number of inputs. */
  inputs: number;
  /** With this probability, in [0, 1), an update leaves an input out for a pattern, as `dropout` of a layer does; default 0. */
  inputDropout?: number | undefined;
  /** The hidden layers, if any, and the output layer last. */
  layers: readonly LayerSpec[];
  /** Follows from the last activation if omitted: linear mse, softmax cross-entropy, sigmoid binary-cross-entropy. */
  loss?: Loss | undefined;
  /** Of the starting weights; default 0. The same seed gives the same weights on every machine. */
  seed?: number | undefined;
  /** Default 'auto': He for ReLU and leaky ReLU, Glorot for the others. */
  initialisation?: Initialisation | undefined;
  /** Applied to whatever the network is given, in training too, and undone at prediction; see `Normalization.fit`. */
  normalization?: Scaling | undefined;
}

/** What `evaluate` measures: means over the patterns. */
export interface Evaluation {
  /**
   * In the units in which the network trains: of normalised outputs, where those are normalised. Where patterns have weights, the
   * sum of weight times loss over the number of patterns.
   */
  loss: number;
  /** The share of right answers, whatever their weights; absent for mse. */
  accuracy?: number;
}

/** Loss, outputs and gradients of a batch, in float64. */
export interface GradientReport {
  /** Mean over the batch; where there are weights, the sum of weight times loss over B. */
  loss: number;
  /** Y (B x K, row-major), as the loss sees them. */
  outputs: Float64Array;
  /** Of the mean loss: W_l (n_{l-1} x n_l, row-major), b_l (n_l). */
  gradients: { weights: Float64Array; bias: Float64Array }[];
}

/**
 * Gives a network parameters that were computed or read: no check, no copy. Not exported from the package.
 * @returns those that it had, which nobody else holds; undefined if nobody has asked for its starting weights
 */
export let adoptParameters: (network: Network, parameters: LayerParameters[]) => LayerParameters[] | undefined;

const NETWORK_KEYS = ['inputs', 'inputDropout', 'layers', 'loss', 'seed', 'initialisation', 'normalization'] as const;
const EVALUATE_ROWS = 64;

/**
 * A feedforward network: dense layers with float32 parameters. Its own methods compute on the calling thread with the
 * reference formulas in float64; training, and evaluation while training, happen in a `Trainer`.
 *
 * @example
 * const network = new Network({ inputs: 2, layers: [{ units: 8, activation: 'tanh' }, { units: 1, activation: 'linear' }], seed: 1 });
 * network.predict([[0.5, -1]]); // Float32Array of 1
 */
export class Network {
  readonly spec: NetworkSpec;
  readonly normalization: Scaling;
  /** The starting weights are drawn when they are first asked for: a network that is read from a file needs none. */
  #current: LayerParameters[] | undefined;
  readonly #draw: () => LayerParameters[];
  #version = 0;

  static {
    adoptParameters = (network, parameters) => {
      const old = network.#current;
      network.#current = parameters;
      network.#version++;
      return old;
    };
  }

  /** @throws TypeError, RangeError naming the option; a wrong pair of loss and output says which are right */
  constructor(given: NetworkOptions) {
    const { seed, initialisation, normalization, ...shape } = options<NetworkOptions>('network', given, NETWORK_KEYS);
    this.spec = resolveSpec(shape);
    this.normalization = checkScaling(this.spec, normalization);
    const start = integer('seed', seed ?? 0, 0);
    const how = oneOf('initialisation', initialisation ?? 'auto', INITIALISATIONS);
    this.#draw = () => initialise(this.spec, start, how);
  }

  /** A copy: per layer W_l (n_{l-1} x n_l, row-major) and b_l (n_l). */
  get parameters(): LayerParameters[] {
    return this.#parameters.map(({ weights, bias }) => ({ weights: weights.slice(), bias: bias.slice() }));
  }

  /** The number of weights and biases. */
  get parameterCount(): number {
    return parameterCount(this.spec);
  }

  /** Changes whenever the parameters do: a trainer sees by it whether somebody else has set them. */
  get version(): number {
    return this.#version;
  }

  /**
   * Copies parameters in; nothing changes if they are wrong.
   * @throws TypeError, RangeError naming the layer
   */
  setParameters(parameters: readonly ParametersInput[]): void {
    this.#current = readParameters(this.spec, parameters);
    this.#version++;
  }

  /**
   * Y for one pattern or many, in the units of the targets.
   * @param inputs - rows of n numbers, or a flat list of rows
   * @returns rows x K, row-major; float64 where float32 would lose what they tell: of normalised targets far from zero, or tiny
   */
  predict<Out extends OutputArray = Float32Array>(inputs: RowsInput): Out {
    const X = this.#inputs(inputs);
    const { H } = forwardBatch(this.spec, this.#layers(), X.values, X.rows);
    const { targets } = this.normalization;
    const raw = inverted(H.at(-1)!, targets);
    const Y = new (outputType(targets))(raw.length);
    Y.set(raw);
    return Y as Out;
  }

  /** The mean loss and, for classes, the accuracy on a data set. */
  evaluate(dataset: DataSource): Evaluation {
    if (typeof dataset?.bind !== 'function') throw wrongType('dataset', 'Dataset', dataset);
    const { table, rows } = dataset.bind(this.spec, this.normalization);
    const layers = this.#layers();
    let loss = 0;
    let right = 0;
    for (let from = 0; from < rows.length; from += EVALUATE_ROWS) {
      const part = rows.subarray(from, from + EVALUATE_ROWS);
      const X = gather(table.inputs, part, table.affine);
      const D = desired(table.targets, part, this.#outputs);
      const weights = table.weights && Float64Array.from(part, (row) => table.weights![row]!);
      const sums = batchLoss(this.spec, forwardBatch(this.spec, layers, X, part.length), D, part.length, weights);
      loss += sums.loss;
      right += sums.right;
    }
    const mean = { loss: loss / rows.length };
    return this.spec.loss === 'mse' ? mean : { ...mean, accuracy: right / rows.length };
  }

  /**
   * The gradients of the mean loss over a batch, without dropout.
   * @param batch - inputs as for `predict`; targets as rows of K values, or a flat list: class numbers for
   * cross-entropy, values where there is one output; weights: what the loss of each pattern is multiplied by, default 1
   */
  gradients(batch: {
    inputs: RowsInput;
    targets: RowsInput;
    weights?: NumericArray | readonly number[] | undefined;
  }): GradientReport {
    const keys = ['inputs', 'targets', 'weights'] as const;
    const { inputs, targets, weights: given } = options<typeof batch>('batch', batch, keys);
    const X = this.#inputs(inputs);
    const wanted = toDesired('targets', targets, undefined, 'targetSize');
    checkSameRows({ values: X.values, size: this.spec.inputs, stride: this.spec.inputs }, wanted.columns);
    const weights = given === undefined ? undefined : toWeights(given, X.rows);
    const rows = Uint32Array.from({ length: X.rows }, (_, i) => i);
    const D = desired(resolveTargets(this.spec, wanted, this.normalization.targets, rows), rows, this.#outputs);
    const layers = this.#layers();
    const forward: BatchForward = forwardBatch(this.spec, layers, X.values, X.rows);
    const sums = backwardBatch(this.spec, layers, forward.H, D, X.rows, weights);
    return {
      loss: batchLoss(this.spec, forward, D, X.rows, weights).loss / X.rows,
      outputs: forward.H.at(-1)!,
      gradients: sums.map(({ W, b }) => ({
        weights: W.map((g) => g / X.rows),
        bias: b.map((g) => g / X.rows),
      })),
    };
  }

  /**
   * The Jacobian dy/dx at one pattern, in the units of inputs and targets.
   * @param x - n numbers
   * @returns K x n, row-major: row k holds the derivatives of output k
   */
  jacobian(x: readonly number[] | Float32Array | Float64Array): Float32Array {
    const X = this.#inputs(x);
    if (X.rows !== 1)
      throw new RangeError(`"x" expected one pattern of ${this.spec.inputs} numbers, got ${X.rows} patterns`);
    const { inputs, targets } = this.normalization;
    const n = this.spec.inputs;
    const J = jacobianPattern(this.spec, this.#layers(), X.values);
    return Float32Array.from(
      J,
      (slope, i) => (slope * (inputs?.scale[i % n] ?? 1)) / (targets?.scale[Math.floor(i / n)] ?? 1),
    );
  }

  get #parameters(): LayerParameters[] {
    return (this.#current ??= this.#draw());
  }

  get #outputs(): number {
    return this.spec.layers.at(-1)!.units;
  }

  #layers(): Layer64[] {
    return this.#parameters.map(({ weights, bias }) => ({
      W: new Float64Array(weights),
      b: new Float64Array(bias),
    }));
  }

  #inputs(inputs: unknown): { values: Float64Array; rows: number } {
    const columns = toColumns(
      'inputs',
      inputs,
      Array.isArray(inputs) && typeof inputs[0] === 'object' ? undefined : this.spec.inputs,
      'inputs',
    );
    checkInputSize(columns.size, this.spec);
    const rows = columns.values.length / columns.size;
    const all = Uint32Array.from({ length: rows }, (_, i) => i);
    return { values: gather(columns, all, this.normalization.inputs), rows };
  }
}

/** Rows (rows.length x size), normalised where there is something to normalise with. */
export function gather({ values, size, stride }: Columns, rows: Uint32Array, affine: Affine | undefined): Float64Array {
  const X = new Float64Array(rows.length * size);
  rows.forEach((row, p) => {
    for (let i = 0; i < size; i++) {
      const x = values[row * stride + i]!;
      X[p * size + i] = affine ? affine.scale[i]! * x + affine.shift[i]! : x;
    }
  });
  return X;
}

/** D (rows.length x K), as the loss wants it. */
export function desired(targets: Targets, rows: Uint32Array, K: number): Float64Array {
  if (targets.kind === 'values') return gather(targets.columns, rows, targets.affine);
  const D = new Float64Array(rows.length * K);
  rows.forEach((row, p) => (D[p * K + classOf(targets.columns, row, K)] = 1));
  return D;
}

/** Y in the units of the targets. */
export function inverted(Y: Float64Array, affine: Affine | undefined): Float64Array {
  if (affine === undefined) return Y;
  const K = affine.scale.length;
  return Y.map((y, i) => (y - affine.shift[i % K]!) / affine.scale[i % K]!);
}

function checkScaling(spec: NetworkSpec, scaling: Scaling | undefined): Scaling {
  if (scaling === undefined) return { inputs: undefined, targets: undefined };
  if (typeof scaling !== 'object' || scaling === null) throw wrongType('normalization', 'Normalization', scaling);
  const { inputs, targets } = scaling;
  const K = spec.layers.at(-1)!.units;
  if (inputs && inputs.scale.length !== spec.inputs) {
    throw new RangeError(`"normalization" expected ${spec.inputs} inputs, got ${inputs.scale.length}`);
  }
  if (targets && spec.loss === 'cross-entropy') {
    throw new RangeError('"normalization" expected no targets for cross-entropy: classes are not normalised');
  }
  if (targets && targets.scale.length !== K) {
    throw new RangeError(`"normalization" expected ${K} targets, got ${targets.scale.length}`);
  }
  return { inputs, targets };
}

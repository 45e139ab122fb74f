import { type Activation, ACTIVATIONS } from './activations.ts';
import { describe, finite, integer, oneOf, options, wrongType } from './checks.ts';

export { type Activation, ACTIVATIONS };

export const LOSSES = ['mse', 'cross-entropy', 'binary-cross-entropy'] as const;
/** What training makes small; each goes with one output activation: mse with linear, cross-entropy with softmax, binary-cross-entropy with sigmoid. */
export type Loss = (typeof LOSSES)[number];

/** A dense layer of n_l units. */
export interface LayerSpec {
  readonly units: number;
  readonly activation: Activation;
  /**
   * With this probability, in [0, 1), an update leaves an output of the layer out for a pattern: it is 0, and those that stay are
   * divided by 1 - dropout. In training only; default 0. Not of the output layer.
   */
  readonly dropout?: number | undefined;
}

/** A checked network: n_0 inputs and L >= 1 dense layers, the last of which has K = n_L outputs. */
export interface NetworkSpec {
  readonly inputs: number;
  /** As `dropout` of a layer, of the inputs. */
  readonly inputDropout?: number | undefined;
  readonly layers: readonly LayerSpec[];
  readonly loss: Loss;
}

/** The output activation that each loss goes with: then the delta of the output layer is Y - D. */
export const PAIRS = {
  mse: 'linear',
  'cross-entropy': 'softmax',
  'binary-cross-entropy': 'sigmoid',
} as const satisfies Record<Loss, Activation>;

const MOST_UNITS = 1 << 20;
const LAYER_KEYS = ['units', 'activation', 'dropout'] as const;

/**
 * Checks what the user gave and fills in the loss.
 * @throws TypeError, RangeError naming the argument
 */
export function resolveSpec(spec: {
  inputs: number;
  inputDropout?: number | undefined;
  layers: readonly LayerSpec[];
  loss?: Loss | undefined;
}): NetworkSpec {
  const inputs = integer('inputs', spec.inputs, 1, MOST_UNITS);
  if (!Array.isArray(spec.layers)) throw wrongType('layers', 'array of { units, activation }', spec.layers);
  if (spec.layers.length === 0) throw new RangeError('"layers" expected at least one layer, got none');
  const layers = (spec.layers as unknown[]).map((layer, i) => {
    const { units, activation, dropout } = options<LayerSpec>(`layers[${i}]`, layer, LAYER_KEYS);
    return {
      units: integer(`layers[${i}].units`, units, 1, MOST_UNITS),
      activation: oneOf(`layers[${i}].activation`, activation, ACTIVATIONS),
      ...ofDropout('dropout', `layers[${i}].dropout`, dropout),
    };
  });
  const hidden = layers.slice(0, -1).findIndex((layer) => layer.activation === 'softmax');
  if (hidden >= 0) {
    throw new RangeError(`"layers[${hidden}].activation" is softmax, which only the output layer can have`);
  }
  const last = layers.length - 1;
  if (layers[last]!.dropout !== undefined) {
    throw new RangeError(`"layers[${last}].dropout" expected 0 for the output layer, got ${layers[last]!.dropout}`);
  }
  if (layers[last]!.activation === 'softmax' && layers[last]!.units === 1) {
    throw new RangeError(
      `"layers[${last}].units" expected 2 or more for softmax, whose only output would always be 1, got 1; for yes or no take sigmoid`,
    );
  }
  const inputDropout = ofDropout('inputDropout', 'inputDropout', spec.inputDropout);
  return { inputs, ...inputDropout, layers, loss: resolveLoss(layers[last]!.activation, spec.loss) };
}

/** A key for a dropout that there is; none for 0. */
function ofDropout<K extends string>(key: K, name: string, value: number | undefined): Partial<Record<K, number>> {
  const rate = finite(name, value ?? 0, 0, 1, true);
  return (rate === 0 ? {} : { [key]: rate }) as Partial<Record<K, number>>;
}

/** The probability with which outputs of layer l are left out; layer 0 are the inputs. */
export function dropoutOf({ inputDropout = 0, layers }: NetworkSpec, l: number): number {
  return l === 0 ? inputDropout : (layers[l - 1]!.dropout ?? 0);
}

function resolveLoss(output: Activation, wanted: Loss | undefined): Loss {
  const right = LOSSES.find((loss) => PAIRS[loss] === output);
  const pairs = LOSSES.map((loss) => `${PAIRS[loss]} with ${loss}`).join(', ');
  if (wanted === undefined) {
    if (right !== undefined) return right;
    throw new RangeError(`the output activation '${output}' goes with no loss; the right pairs are ${pairs}`);
  }
  const loss = oneOf('loss', wanted, LOSSES);
  if (loss !== right) {
    throw new RangeError(
      `"loss" ${describe(loss)} does not go with the output activation '${output}'; the right pairs are ${pairs}`,
    );
  }
  return loss;
}

/** n_0, n_1, ..., n_L. */
export function widths(spec: NetworkSpec): number[] {
  return [spec.inputs, ...spec.layers.map((layer) => layer.units)];
}

/** The number of weights and biases. */
export function parameterCount(spec: NetworkSpec): number {
  const n = widths(spec);
  return spec.layers.reduce((sum, layer, i) => sum + (n[i]! + 1) * layer.units, 0);
}

/** Floating-point operations of one pattern in training: 2 per weight forward, 2 for the gradient, 2 for each hidden delta. */
export function trainingFlops(spec: NetworkSpec): number {
  const n = widths(spec);
  return spec.layers.reduce((sum, layer, i) => sum + (i === 0 ? 4 : 6) * n[i]! * layer.units, 0);
}

/** Bytes of H_0 ... H_L and D_1 ... D_L of one row in float32, without padding. */
export function rowBytes(spec: NetworkSpec): number {
  return 4 * (2 * widths(spec).reduce((sum, n) => sum + n, 0) - spec.inputs);
}

import { describe, integer, oneOf, options, wrongType } from './checks.ts';

export const ACTIVATIONS = ['linear', 'sigmoid', 'tanh', 'relu', 'leaky-relu', 'softmax'] as const;
/** What a layer does to its synaptic input: H = f(U). */
export type Activation = (typeof ACTIVATIONS)[number];

export const LOSSES = ['mse', 'cross-entropy', 'binary-cross-entropy'] as const;
/** What training makes small; each goes with one output activation: mse with linear, cross-entropy with softmax, binary-cross-entropy with sigmoid. */
export type Loss = (typeof LOSSES)[number];

/** A dense layer of n_l units. */
export interface LayerSpec {
  readonly units: number;
  readonly activation: Activation;
}

/** A checked network: n_0 inputs and L >= 1 dense layers, the last of which has K = n_L outputs. */
export interface NetworkSpec {
  readonly inputs: number;
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

/**
 * Checks what the user gave and fills in the loss.
 * @throws TypeError, RangeError naming the argument
 */
export function resolveSpec(spec: {
  inputs: number;
  layers: readonly LayerSpec[];
  loss?: Loss | undefined;
}): NetworkSpec {
  const inputs = integer('inputs', spec.inputs, 1, MOST_UNITS);
  if (!Array.isArray(spec.layers)) throw wrongType('layers', 'array of { units, activation }', spec.layers);
  if (spec.layers.length === 0) throw new RangeError('"layers" expected at least one layer, got none');
  const layers = (spec.layers as unknown[]).map((layer, i) => {
    const { units, activation } = options<LayerSpec>(`layers[${i}]`, layer, ['units', 'activation']);
    return {
      units: integer(`layers[${i}].units`, units, 1, MOST_UNITS),
      activation: oneOf(`layers[${i}].activation`, activation, ACTIVATIONS),
    };
  });
  const hidden = layers.slice(0, -1).findIndex((layer) => layer.activation === 'softmax');
  if (hidden >= 0) {
    throw new RangeError(`"layers[${hidden}].activation" is softmax, which only the output layer can have`);
  }
  return { inputs, layers, loss: resolveLoss(layers.at(-1)!.activation, spec.loss) };
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

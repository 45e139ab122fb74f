// What the configs of single layers of Keras say: activations, and steps that scale columns.
import { type Activation, ACTIVATIONS, LEAK } from '../core/activations.ts';
import type { Affine } from '../core/table.ts';
import type { Bad } from './bad-file.ts';
import { batchAffine } from './fold.ts';
import { excerpt, isObject } from './strict-json.ts';
import { type KerasLayer, layerFault } from './tfjs-topology.ts';
import type { TfjsWeights } from './tfjs-weights.ts';

/** Keras calls activations as they are called here; the leaky ReLU is a layer there, whose slope is another by default. */
const WORDS: readonly unknown[] = ACTIVATIONS.filter((name) => name !== 'leaky-relu');
/** What Keras takes where the file does not say. */
const DEFAULT_LEAK = 0.3;
const DEFAULT_EPSILON = 1e-3;
/** `Normalization` divides by no less. */
const LEAST_DEVIATION = 1e-7;

/** The activation of a layer, or that it is. */
export function activationOf(bad: Bad, layer: KerasLayer): Activation {
  const { kind, config } = layer;
  if (kind === 'ReLU') return rectifier(bad, layer);
  if (kind === 'LeakyReLU') return leaky(bad, layer, slopeOf(layer) ?? DEFAULT_LEAK);
  if (kind === 'ELU') return exponential(bad, layer);
  if (kind === 'Softmax') return softmax(bad, layer);
  const { activation } = config;
  // Keras may write an object: a function by its name, or a layer.
  if (isObject(activation) && isObject(activation.config) && typeof activation.class_name === 'string') {
    const { class_name: inner, config: own } = activation;
    if (['ReLU', 'LeakyReLU', 'ELU', 'Softmax'].includes(inner)) {
      return activationOf(bad, { ...layer, kind: inner, config: own });
    }
  }
  const word = isObject(activation) ? activation.config : (activation ?? 'linear');
  if (!WORDS.includes(word)) {
    throw layerFault(bad, layer, `has the activation ${excerpt(activation)}, which cannot be imported`);
  }
  return word as Activation;
}

function rectifier(bad: Bad, layer: KerasLayer): Activation {
  const { max_value: most, threshold } = layer.config;
  if (most !== undefined && most !== null) {
    throw layerFault(bad, layer, 'has a largest value, which cannot be imported');
  }
  if (threshold !== undefined && threshold !== null && threshold !== 0) {
    throw layerFault(bad, layer, 'has a threshold, which cannot be imported');
  }
  const slope = slopeOf(layer) ?? 0;
  return slope === 0 ? 'relu' : leaky(bad, layer, slope);
}

function leaky(bad: Bad, layer: KerasLayer, slope: unknown): Activation {
  if (typeof slope !== 'number' || Math.fround(slope) !== Math.fround(LEAK)) {
    throw layerFault(bad, layer, `has the slope ${excerpt(slope)}; that of gradpool is ${LEAK}`);
  }
  return 'leaky-relu';
}

function exponential(bad: Bad, layer: KerasLayer): Activation {
  const { alpha = 1 } = layer.config;
  if (alpha !== 1) throw layerFault(bad, layer, `has the alpha ${excerpt(alpha)}; that of gradpool is 1`);
  return 'elu';
}

function softmax(bad: Bad, layer: KerasLayer): Activation {
  const { axis = -1 } = layer.config;
  if (axis !== -1 && axis !== 1) {
    throw layerFault(bad, layer, `runs along axis ${excerpt(axis)}, which cannot be imported`);
  }
  return 'softmax';
}

/** Of ReLU and LeakyReLU; Keras has renamed it. */
function slopeOf({ config }: KerasLayer): unknown {
  return config.alpha ?? config.negative_slope;
}

/** How many columns a layer scales. */
export function scalingColumns(
  bad: Bad,
  layer: KerasLayer,
  shape: readonly number[] | undefined,
  weights: TfjsWeights,
): number {
  const { kind, config } = layer;
  const { axis = -1 } = config;
  const [only, ...more] = Array.isArray(axis) ? (axis as unknown[]) : [axis];
  const alongLast = (only === -1 || only === 1) && more.length === 0;
  const alike = kind === 'Rescaling' || (kind === 'Normalization' && axis === null);
  if (alike && shape) return shape.reduce((product, size) => product * size, 1);
  if (!alongLast || (shape && shape.length !== 1)) throw layerFault(bad, layer, 'does not run over columns');
  if (shape) return shape[0]!;
  if (kind !== 'BatchNormalization') throw layerFault(bad, layer, 'expected an input shape');
  return weights.shape(layer, 'moving_mean')[0] ?? 0;
}

/** What BatchNormalization, Normalization and Rescaling do to each column. */
export function affineOf(bad: Bad, layer: KerasLayer, columns: number, weights: TfjsWeights): Affine {
  if (layer.kind === 'Rescaling') return rescaling(bad, layer, columns);
  if (layer.kind === 'Normalization') return normalization(bad, layer, columns, weights);
  const { config } = layer;
  const { epsilon = DEFAULT_EPSILON } = config;
  if (typeof epsilon !== 'number') throw layerFault(bad, layer, `has the epsilon ${excerpt(epsilon)}`);
  const read = (what: string) => weights.read(layer, what, [columns]);
  const [mean, variance] = [read('moving_mean'), read('moving_variance')];
  const gamma = config.scale === false ? undefined : read('gamma');
  const beta = config.center === false ? undefined : read('beta');
  return batchAffine({ mean, variance, gamma, beta }, epsilon);
}

/** x * scale + offset. */
function rescaling(bad: Bad, layer: KerasLayer, columns: number): Affine {
  return { scale: numbers(bad, layer, 'scale', columns), shift: numbers(bad, layer, 'offset', columns) };
}

/** (x - mean) / deviation, from the config or the weights. */
function normalization(bad: Bad, layer: KerasLayer, columns: number, weights: TfjsWeights): Affine {
  const { config } = layer;
  if (config.invert === true) throw layerFault(bad, layer, 'is inverted, which cannot be imported');
  const read = (what: 'mean' | 'variance'): Float64Array => {
    if (config[what] !== undefined && config[what] !== null) return numbers(bad, layer, what, columns);
    const shape = weights.shape(layer, what);
    const values = weights.read(layer, what, shape);
    if (values.length === 1) return new Float64Array(columns).fill(values[0]!);
    if (values.length !== columns) {
      throw layerFault(bad, layer, `expected ${columns} numbers as its ${what}, got ${values.length}`);
    }
    return Float64Array.from(values);
  };
  const mean = read('mean');
  const scale = read('variance').map((v) => 1 / Math.max(Math.sqrt(v), LEAST_DEVIATION));
  return { scale, shift: scale.map((a, i) => -mean[i]! * a) };
}

/** A number for all columns, or one for each, in a list of any depth. */
function numbers(bad: Bad, layer: KerasLayer, key: string, columns: number): Float64Array {
  const value = layer.config[key] ?? (key === 'offset' ? 0 : undefined);
  const list = Array.isArray(value) ? (value.flat(8) as unknown[]) : [value];
  const all = list.length === 1 ? new Array<unknown>(columns).fill(list[0]) : list;
  if (all.length !== columns || !all.every(Number.isFinite)) {
    throw layerFault(bad, layer, `expected ${columns} numbers as its ${key}, got ${excerpt(value)}`);
  }
  return Float64Array.from(all as number[]);
}

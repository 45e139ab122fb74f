import { describe } from '../core/checks.ts';
import type { Activation } from '../core/spec.ts';
import type { Affine, Scaling } from '../core/table.ts';
import type { LayerParameters } from '../memory/arena.ts';
import type { Bad } from './bad-file.ts';
import { excerpt, isObject, type JsonObject } from './strict-json.ts';
import type { TfjsWeights } from './tfjs-weights.ts';

interface DenseLayer {
  readonly units: number;
  activation: Activation;
  dropout: number;
  readonly parameters: LayerParameters;
}

/** A layer of the topology. */
interface Layer {
  readonly name: string;
  readonly kind: string;
  readonly config: JsonObject;
}

/** What Keras calls the activations. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: 'linear',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  relu: 'relu',
  softmax: 'softmax',
};
const LEAK = 0.01;
/** What Keras takes where the file does not say. */
const DEFAULT_LEAK = 0.3;
const DEFAULT_EPSILON = 1e-3;

/** Goes through the layers of a Sequential model and gathers what a network is made of. */
export class SequentialReader {
  readonly dense: DenseLayer[] = [];
  inputDropout = 0;
  #inputs: Affine | undefined;
  #targets: Affine | undefined;
  /** Sizes of what comes in, or goes on from layer to layer, without that of the batch; undefined while nobody has said. */
  #shape: readonly number[] | undefined;
  readonly #bad: Bad;
  readonly #weights: TfjsWeights;

  constructor(bad: Bad, weights: TfjsWeights) {
    this.#bad = bad;
    this.#weights = weights;
  }

  get scaling(): Scaling {
    return { inputs: this.#inputs, targets: this.#targets };
  }

  /** n, once a dense layer has been read. */
  get inputs(): number {
    const { weights, bias } = this.dense[0]!.parameters;
    return weights.length / bias.length;
  }

  /**
   * Reads the next layer.
   * @throws GradpoolError ERR_BAD_FILE naming the layer
   */
  read(value: unknown): void {
    const layer = this.#layer(value);
    this.#readShape(layer);
    const handlers: Readonly<Record<string, () => void>> = {
      InputLayer: () => undefined,
      Dropout: () => this.#drop(layer),
      Flatten: () => this.#flatten(layer),
      Dense: () => this.#dense(layer),
      BatchNormalization: () => this.#normalize(layer),
      Activation: () => this.#activate(layer, this.#word(layer)),
      ReLU: () => this.#activate(layer, this.#rectifier(layer)),
      LeakyReLU: () => this.#activate(layer, this.#leaky(layer, slopeOf(layer) ?? DEFAULT_LEAK)),
      Softmax: () => this.#activate(layer, this.#softmax(layer)),
    };
    if (!Object.hasOwn(handlers, layer.kind)) {
      throw this.#fault(layer, `cannot be imported; those that can are ${Object.keys(handlers).join(', ')}`);
    }
    handlers[layer.kind]!();
  }

  #layer(value: unknown): Layer {
    const config = isObject(value) ? value.config : undefined;
    if (
      !isObject(value) ||
      typeof value.class_name !== 'string' ||
      !isObject(config) ||
      typeof config.name !== 'string'
    ) {
      throw this.#bad(`a layer expected { class_name, config: { name } }, got ${excerpt(value)}`);
    }
    return { name: config.name, kind: value.class_name, config };
  }

  #fault({ name, kind }: Layer, what: string): Error {
    return this.#bad(`layer ${describe(name)} (${kind.slice(0, 60)}) ${what}`);
  }

  #readShape(layer: Layer): void {
    const shape = layer.config.batch_input_shape ?? layer.config.batch_shape;
    if (shape === undefined || shape === null || this.dense.length > 0 || this.#shape) return;
    if (!Array.isArray(shape) || !shape.slice(1).every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw this.#fault(layer, `expected an input shape of [null, sizes], got ${excerpt(shape)}`);
    }
    this.#shape = shape.slice(1) as number[];
  }

  #flatten(layer: Layer): void {
    if (this.dense.length > 0 || this.#inputs) throw this.#fault(layer, 'can only stand before all other layers');
    if (layer.config.data_format === 'channels_first' && (this.#shape?.length ?? 0) > 1) {
      throw this.#fault(layer, 'moves channels, which a network cannot');
    }
    if (this.#shape) this.#shape = [this.#shape.reduce((product, size) => product * size, 1)];
  }

  #dense(layer: Layer): void {
    const { config, name } = layer;
    if (this.#targets)
      throw this.#fault(layer, 'comes after a batch normalisation in between, which cannot be imported');
    const [inputs, units, ...more] = this.#weights.shape(name, 'kernel');
    if (inputs === undefined || units === undefined || more.length > 0)
      throw this.#fault(layer, 'has a kernel that is no matrix');
    if (inputs === 0 || units === 0) throw this.#fault(layer, 'has an empty kernel');
    if (config.units !== units)
      throw this.#fault(layer, `expected a kernel of ${excerpt(config.units)} units, got ${units}`);
    if (this.#shape && (this.#shape.length !== 1 || this.#shape[0] !== inputs)) {
      throw this.#fault(layer, `takes ${inputs} inputs, got the shape [${this.#shape.join(', ')}]`);
    }
    const activation = this.#word(layer);
    const weights = this.#weights.read(name, 'kernel', [inputs, units]);
    const bias = config.use_bias === false ? new Float32Array(units) : this.#weights.read(name, 'bias', [units]);
    this.dense.push({ units, activation, dropout: 0, parameters: { weights, bias } });
    this.#shape = [units];
  }

  /** Belongs to the layer before it; of two in a row an output has to come through both. */
  #drop(layer: Layer): void {
    const { rate } = layer.config;
    if (typeof rate !== 'number' || !(rate >= 0 && rate < 1))
      throw this.#fault(layer, `expected a rate in [0, 1), got ${excerpt(rate)}`);
    const both = (earlier: number) => 1 - (1 - earlier) * (1 - rate);
    const last = this.dense.at(-1);
    if (last === undefined) this.inputDropout = both(this.inputDropout);
    else last.dropout = both(last.dropout);
  }

  #activate(layer: Layer, activation: Activation): void {
    const last = this.dense.at(-1);
    if (last === undefined || this.#targets) throw this.#fault(layer, 'does not come after a dense layer');
    if (activation === 'linear') return;
    if (last.activation !== 'linear')
      throw this.#fault(layer, `comes after ${last.activation}: a layer has one activation`);
    last.activation = activation;
  }

  #word(layer: Layer): Activation {
    const { activation = 'linear' } = layer.config;
    const word =
      typeof activation === 'string' && Object.hasOwn(ACTIVATIONS, activation) ? ACTIVATIONS[activation] : undefined;
    if (word === undefined)
      throw this.#fault(layer, `has the activation ${excerpt(activation)}, which cannot be imported`);
    return word;
  }

  #rectifier(layer: Layer): Activation {
    const { max_value: most, threshold } = layer.config;
    if (most !== undefined && most !== null) throw this.#fault(layer, 'has a largest value, which cannot be imported');
    if (threshold !== undefined && threshold !== null && threshold !== 0) {
      throw this.#fault(layer, 'has a threshold, which cannot be imported');
    }
    const slope = slopeOf(layer) ?? 0;
    return slope === 0 ? 'relu' : this.#leaky(layer, slope);
  }

  #leaky(layer: Layer, slope: unknown): Activation {
    if (typeof slope !== 'number' || Math.fround(slope) !== Math.fround(LEAK)) {
      throw this.#fault(layer, `has the slope ${excerpt(slope)}; that of gradpool is ${LEAK}`);
    }
    return 'leaky-relu';
  }

  #softmax(layer: Layer): Activation {
    const { axis = -1 } = layer.config;
    if (axis !== -1 && axis !== 1)
      throw this.#fault(layer, `runs along axis ${excerpt(axis)}, which cannot be imported`);
    return 'softmax';
  }

  /** Before all dense layers it normalises the inputs, after all of them it undoes that of the targets. */
  #normalize(layer: Layer): void {
    const affine = this.#affine(layer);
    const { scale, shift } = affine;
    if (scale.includes(0) || !scale.every(Number.isFinite) || !shift.every(Number.isFinite)) {
      throw this.#fault(layer, 'has a factor that is 0 or not finite');
    }
    if (this.dense.length === 0) {
      if (this.#inputs) throw this.#fault(layer, 'comes after another one');
      this.#inputs = affine;
    } else {
      if (this.#targets) throw this.#fault(layer, 'comes after another one');
      this.#targets = { scale: scale.map((a) => 1 / a), shift: shift.map((c, i) => -c / scale[i]!) };
    }
    this.#shape = [scale.length];
  }

  /** scale = gamma / sqrt(variance + epsilon), shift = beta - mean scale. */
  #affine(layer: Layer): Affine {
    const { name, config } = layer;
    const { axis = -1, epsilon = DEFAULT_EPSILON } = config;
    const alongLast = axis === -1 || axis === 1 || (Array.isArray(axis) && axis.length === 1 && axis[0] === 1);
    if (!alongLast || (this.#shape && this.#shape.length !== 1)) throw this.#fault(layer, 'does not run over columns');
    if (typeof epsilon !== 'number') throw this.#fault(layer, `has the epsilon ${excerpt(epsilon)}`);
    const shape = this.#shape ?? this.#weights.shape(name, 'moving_mean');
    const read = (what: string) => this.#weights.read(name, what, shape);
    const [mean, variance] = [read('moving_mean'), read('moving_variance')];
    const gamma = config.scale === false ? undefined : read('gamma');
    const beta = config.center === false ? undefined : read('beta');
    const scale = Float64Array.from(variance, (v, i) => (gamma?.[i] ?? 1) / Math.sqrt(v + epsilon));
    return { scale, shift: scale.map((s, i) => (beta?.[i] ?? 0) - mean[i]! * s) };
  }
}

/** Of ReLU and LeakyReLU; Keras has renamed it. */
function slopeOf({ config }: Layer): unknown {
  return config.alpha ?? config.negative_slope;
}

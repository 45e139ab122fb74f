import type { Activation } from '../core/spec.ts';
import type { Affine, Scaling } from '../core/table.ts';
import type { LayerParameters } from '../memory/arena.ts';
import type { Bad } from './bad-file.ts';
import { composed, foldAfter, foldBefore, isFiniteLayer } from './fold.ts';
import { excerpt } from './strict-json.ts';
import { activationOf, affineOf, scalingColumns } from './tfjs-config.ts';
import { type KerasLayer, layerFault } from './tfjs-topology.ts';
import type { TfjsWeights } from './tfjs-weights.ts';

interface DenseLayer {
  readonly units: number;
  activation: Activation;
  dropout: number;
  parameters: LayerParameters;
}

/** Layers with weights that this reader reads. */
const WITH_WEIGHTS = ['Dense', 'BatchNormalization', 'Normalization'];

/** Goes through the layers of a model and gathers what a network is made of. */
export class ChainReader {
  readonly dense: DenseLayer[] = [];
  inputDropout = 0;
  #inputs: Affine | undefined;
  /** What comes after the last dense layer, and the layer that it is. */
  #after: { readonly affine: Affine; readonly layer: KerasLayer } | undefined;
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
   * Reads all layers.
   * @throws GradpoolError ERR_BAD_FILE naming the layer that cannot be imported
   */
  read(layers: readonly KerasLayer[]): void {
    this.#weights.match(layers.filter(({ kind }) => WITH_WEIGHTS.includes(kind)).map(({ name }) => name));
    for (const layer of layers) this.#read(layer);
    if (this.dense.length === 0) throw this.#bad('it has no dense layer');
    this.#finish();
  }

  #read(layer: KerasLayer): void {
    this.#readShape(layer);
    const nothing = () => undefined;
    const activate = () => this.#activate(layer, activationOf(this.#bad, layer));
    const scale = () => this.#scale(layer);
    const handlers: Readonly<Record<string, () => void>> = {
      InputLayer: nothing,
      Dropout: () => this.#drop(layer),
      Flatten: () => this.#flatten(layer),
      Reshape: () => this.#reshape(layer),
      Dense: () => this.#dense(layer),
      BatchNormalization: scale,
      Normalization: scale,
      Rescaling: scale,
      Activation: activate,
      ReLU: activate,
      LeakyReLU: activate,
      ELU: activate,
      Softmax: activate,
      // What these do, they do in training only.
      GaussianNoise: nothing,
      GaussianDropout: nothing,
      AlphaDropout: nothing,
      ActivityRegularization: nothing,
    };
    if (!Object.hasOwn(handlers, layer.kind)) {
      throw this.#fault(layer, `cannot be imported; those that can are ${Object.keys(handlers).join(', ')}`);
    }
    handlers[layer.kind]!();
  }

  #fault(layer: KerasLayer, what: string): Error {
    return layerFault(this.#bad, layer, what);
  }

  #readShape(layer: KerasLayer): void {
    const shape = layer.config.batch_input_shape ?? layer.config.batch_shape;
    if (shape === undefined || shape === null || this.dense.length > 0 || this.#shape) return;
    if (!Array.isArray(shape) || !shape.slice(1).every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw this.#fault(layer, `expected an input shape of [null, sizes], got ${excerpt(shape)}`);
    }
    this.#shape = shape.slice(1) as number[];
  }

  #flatten(layer: KerasLayer): void {
    if (this.#shape?.length === 1) return;
    if (layer.config.data_format === 'channels_first' && (this.#shape?.length ?? 0) > 1) {
      throw this.#fault(layer, 'moves channels, which a network cannot');
    }
    if (this.#shape) this.#shape = [this.#shape.reduce((product, size) => product * size, 1)];
  }

  /** The numbers stay in their order. */
  #reshape(layer: KerasLayer): void {
    const sizes = layer.config.target_shape;
    const isShape =
      Array.isArray(sizes) && sizes.every((size) => Number.isSafeInteger(size) && (size > 0 || size === -1));
    const count = this.#shape?.reduce((product, size) => product * size, 1);
    if (!isShape || count === undefined) throw this.#fault(layer, `expected a target_shape, got ${excerpt(sizes)}`);
    const given = sizes as number[];
    const known = given.reduce((product, size) => (size === -1 ? product : product * size), 1);
    this.#shape = given.map((size) => (size === -1 ? count / known : size));
    if (
      this.#shape.reduce((product, size) => product * size, 1) !== count ||
      given.indexOf(-1) !== given.lastIndexOf(-1)
    ) {
      throw this.#fault(layer, `makes ${excerpt(sizes)} of ${count} numbers`);
    }
  }

  #dense(layer: KerasLayer): void {
    const { config } = layer;
    const [inputs, units, ...more] = this.#weights.shape(layer, 'kernel');
    if (inputs === undefined || units === undefined || more.length > 0)
      throw this.#fault(layer, 'has a kernel that is no matrix');
    if (inputs === 0 || units === 0) throw this.#fault(layer, 'has an empty kernel');
    if (config.units !== units)
      throw this.#fault(layer, `expected a kernel of ${excerpt(config.units)} units, got ${units}`);
    if (this.#shape && (this.#shape.length !== 1 || this.#shape[0] !== inputs)) {
      throw this.#fault(layer, `takes ${inputs} inputs, got the shape [${this.#shape.join(', ')}]`);
    }
    const activation = activationOf(this.#bad, layer);
    const weights = this.#weights.read(layer, 'kernel', [inputs, units]);
    const bias = config.use_bias === false ? new Float32Array(units) : this.#weights.read(layer, 'bias', [units]);
    const parameters = this.#withStepBefore({ weights, bias });
    this.dense.push({ units, activation, dropout: 0, parameters });
    this.#shape = [units];
  }

  /** Takes over what stands between this layer and the one before it; before the first only what is no normalisation. */
  #withStepBefore(parameters: LayerParameters): LayerParameters {
    const step = this.#after?.affine ?? (this.#inputs?.scale.includes(0) ? this.#inputs : undefined);
    if (step === undefined) return parameters;
    if (this.dense.length === 0) this.#inputs = undefined;
    this.#after = undefined;
    return foldBefore(parameters, step);
  }

  /** Belongs to the layer before it; of two in a row an output has to come through both. */
  #drop(layer: KerasLayer): void {
    const { rate } = layer.config;
    if (typeof rate !== 'number' || !(rate >= 0 && rate < 1))
      throw this.#fault(layer, `expected a rate in [0, 1), got ${excerpt(rate)}`);
    const both = (earlier: number) => 1 - (1 - earlier) * (1 - rate);
    const last = this.dense.at(-1);
    if (last === undefined) this.inputDropout = both(this.inputDropout);
    else last.dropout = both(last.dropout);
  }

  #activate(layer: KerasLayer, activation: Activation): void {
    const last = this.dense.at(-1);
    if (activation === 'linear') return;
    if (last === undefined) throw this.#fault(layer, 'does not come after a dense layer');
    if (last.activation !== 'linear') {
      if (this.#after) throw this.#fault(this.#after.layer, `stands between two activations, which cannot be imported`);
      throw this.#fault(layer, `comes after ${last.activation}: a layer has one activation`);
    }
    this.#foldIntoLast(last);
    last.activation = activation;
  }

  #foldIntoLast(last: DenseLayer): void {
    if (this.#after) last.parameters = foldAfter(last.parameters, this.#after.affine);
    this.#after = undefined;
  }

  /**
   * Batch normalisation and its like: before all dense layers it normalises the inputs, after all of them it undoes that of the targets;
   * in between it becomes a part of the dense layer from which no activation parts it.
   */
  #scale(layer: KerasLayer): void {
    const columns = scalingColumns(this.#bad, layer, this.#shape, this.#weights);
    const affine = affineOf(this.#bad, layer, columns, this.#weights);
    if (!affine.scale.every(Number.isFinite) || !affine.shift.every(Number.isFinite)) {
      throw this.#fault(layer, 'has a factor that is not finite');
    }
    if (this.dense.length === 0) this.#inputs = composed(this.#inputs, affine);
    else this.#after = { affine: composed(this.#after?.affine, affine), layer };
    this.#shape ??= [columns];
  }

  #finish(): void {
    const last = this.dense.at(-1)!;
    if (this.#after) {
      const { affine, layer } = this.#after;
      const { scale, shift } = affine;
      if (last.activation === 'softmax') throw this.#fault(layer, 'comes after softmax, which cannot be imported');
      if (!scale.includes(0)) {
        this.#targets = { scale: scale.map((a) => 1 / a), shift: shift.map((c, i) => -c / scale[i]!) };
      } else if (last.activation === 'linear') this.#foldIntoLast(last);
      else throw this.#fault(layer, 'has a factor that is 0 after the last activation, which cannot be imported');
    }
    this.dense.forEach(({ parameters }, l) => {
      if (!isFiniteLayer(parameters))
        throw this.#bad(`dense layer ${l} with what is beside it is not finite in float32`);
    });
  }
}

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { wrongType } from '../core/checks.ts';
import { type Activation, LEAK } from '../core/activations.ts';
import { type LayerSpec, widths } from '../core/spec.ts';
import { VERSION } from '../core/version.ts';
import { Network } from '../nn/network.ts';
import { inputSteps, outputSteps, type Steps } from './affine-steps.ts';
import { checkFloat32Range, type ExportOptions } from './float32-range.ts';
import { checkFinite } from './model.ts';
import type { FloatTensor } from './safetensors.ts';
import { checkPath, writeAside } from './write-aside.ts';

/** The name and shape of a tensor, as TensorFlow.js lists them. */
export interface TfjsWeightSpec {
  readonly name: string;
  readonly shape: number[];
  readonly dtype: 'float32';
}

/** A LayersModel in memory, as `tf.io.fromMemory` takes it. */
export interface TfjsModel {
  /** The layers, as Keras describes them. */
  readonly modelTopology: object;
  readonly weightSpecs: TfjsWeightSpec[];
  /** All tensors, one after the other, little-endian. */
  readonly weightData: ArrayBuffer;
}

interface KerasLayer {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>> & { readonly name: string };
}

const SHARD = 'group1-shard1of1.bin';
const ZEROS = { class_name: 'Zeros', config: {} };

/**
 * A network as a Sequential LayersModel of TensorFlow.js, which takes and gives raw units: normalisations become layers of
 * batch normalisation with fixed statistics.
 * @throws RangeError if a weight is not finite, a factor of the normalisation no float32, or float32 cannot hold inputs or outputs
 * (see {@link ExportOptions})
 *
 * @example
 * const model = await tf.loadLayersModel(tf.io.fromMemory(exportTfjs(network)));
 */
export function exportTfjs(network: Network, given: ExportOptions = {}): TfjsModel {
  if (!(network instanceof Network)) throw wrongType('network', 'Network', network);
  checkFloat32Range(network, given);
  const { spec, normalization } = network;
  const n = widths(spec);
  const layers: KerasLayer[] = [];
  const tensors: FloatTensor[] = [];
  if (normalization.inputs) {
    layers.push(batchNormalization('inputs'));
    tensors.push(...statistics('inputs', inputSteps(normalization.inputs)));
  }
  network.parameters.forEach(({ weights, bias }, l) => {
    checkFinite(l, weights);
    checkFinite(l, bias);
    layers.push(...denseLayers(l, spec.layers[l]!));
    tensors.push(
      { name: `dense_${l}/kernel`, shape: [n[l]!, n[l + 1]!], values: weights },
      { name: `dense_${l}/bias`, shape: [n[l + 1]!], values: bias },
    );
  });
  if (normalization.targets) {
    layers.push(batchNormalization('targets'));
    tensors.push(...statistics('targets', outputSteps(normalization.targets)));
  }
  layers[0] = { ...layers[0]!, config: { ...layers[0]!.config, batch_input_shape: [null, spec.inputs] } };
  return {
    modelTopology: {
      class_name: 'Sequential',
      config: { name: 'gradpool', layers },
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
    },
    weightSpecs: tensors.map(({ name, shape }) => ({ name, shape: [...shape], dtype: 'float32' })),
    weightData: joined(tensors),
  };
}

/**
 * Writes {@link exportTfjs} as model.json and one file of weights, which `tf.loadLayersModel` loads.
 * @param folder - made if it is not there
 * @throws what exportTfjs throws, and what `node:fs` throws
 */
export async function saveTfjs(folder: string | URL, network: Network, given: ExportOptions = {}): Promise<void> {
  const place = checkPath('folder', folder);
  const { modelTopology, weightSpecs, weightData } = exportTfjs(network, given);
  const json = {
    format: 'layers-model',
    generatedBy: `gradpool ${VERSION}`,
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: [SHARD], weights: weightSpecs }],
  };
  await mkdir(place, { recursive: true });
  await writeAside('folder', join(place, SHARD), new Uint8Array(weightData));
  await writeAside('folder', join(place, 'model.json'), JSON.stringify(json));
}

/** Dense with its activation; leaky ReLU is a layer of its own there. */
function denseLayers(l: number, { units, activation }: LayerSpec): KerasLayer[] {
  const own: Activation = activation === 'leaky-relu' ? 'linear' : activation;
  const initialisers = { kernel_initializer: ZEROS, bias_initializer: ZEROS };
  const config = { name: `dense_${l}`, trainable: true, units, activation: own, use_bias: true, ...initialisers };
  const dense = { class_name: 'Dense', config };
  if (activation !== 'leaky-relu') return [dense];
  return [dense, { class_name: 'LeakyReLU', config: { name: `leaky_${l}`, trainable: true, alpha: LEAK } }];
}

function batchNormalization(name: string): KerasLayer {
  const config = { name, trainable: false, axis: -1, momentum: 0.99, epsilon: 0, center: true, scale: true };
  return { class_name: 'BatchNormalization', config };
}

/** gamma (x - mean) / sqrt(variance) + beta for an addition and a multiplication, in either order. */
function statistics(name: string, steps: Steps): FloatTensor[] {
  const [first, second] = steps as [Steps[number], Steps[number]];
  const size = first.values.length;
  const adding = first.kind === 'add' ? first.values : second.values;
  const gamma = first.kind === 'add' ? second.values : first.values;
  const none = new Float32Array(size);
  const tensor = (what: string, values: Float32Array) => ({ name: `${name}/${what}`, shape: [size], values });
  return [
    tensor('gamma', gamma),
    tensor('beta', first.kind === 'add' ? none : adding),
    tensor('moving_mean', first.kind === 'add' ? adding.map((value) => -value) : none),
    tensor('moving_variance', new Float32Array(size).fill(1)),
  ];
}

function joined(tensors: readonly FloatTensor[]): ArrayBuffer {
  const bytes = new ArrayBuffer(4 * tensors.reduce((sum, { values }) => sum + values.length, 0));
  const view = new DataView(bytes);
  let at = 0;
  for (const { values } of tensors)
    for (let i = 0; i < values.length; i++, at += 4) view.setFloat32(at, values[i]!, true);
  return bytes;
}

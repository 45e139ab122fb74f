import { describe, oneOf, options, wrongType } from '../core/checks.ts';
import { type Activation, ACTIVATIONS, type NetworkSpec, resolveSpec } from '../core/spec.ts';
import type { Scaling } from '../core/table.ts';
import type { FileSource } from '../data/file-source.ts';
import type { Network } from '../nn/network.ts';
import type { Bad } from './bad-file.ts';
import { isFloat, readFloats } from './floats.ts';
import { makeNetwork } from './model.ts';
import { type SafetensorsFile, shapeText, type TensorEntry } from './safetensors.ts';
import { openSafetensors } from './source.ts';

/** What a state dict does not tell. */
export interface ImportSafetensorsOptions {
  /** Of the hidden layers: one for all, or one for each. Default 'relu'. */
  activations?: Activation | readonly Activation[] | undefined;
  /** Of the output layer; default 'linear'. A classifier trained on logits gives probabilities with 'softmax'. */
  output?: Activation | undefined;
  /**
   * The names of the linear layers from input to output, as 'fc1' for 'fc1.weight' and 'fc1.bias'; other tensors are
   * then left out. Default: all names in the file, sorted with their numbers as numbers.
   */
  layers?: readonly string[] | undefined;
  /** How inputs were normalised in training, and targets. */
  normalization?: Scaling | undefined;
}

interface LinearEntries {
  readonly name: string;
  readonly weight: TensorEntry;
  readonly bias: TensorEntry | undefined;
}

/**
 * Imports the state dict of linear layers that PyTorch saved in a safetensors file: `nn.Sequential(nn.Linear(...), nn.ReLU(),
 * ...)`, or a module whose linear layers have names. Weights are out x in, of F64, F32, F16 or BF16.
 * @throws GradpoolError ERR_BAD_FILE naming the tensor; TypeError, RangeError naming the option
 *
 * @example
 * const network = await importSafetensors('mlp.safetensors', { activations: 'tanh', output: 'softmax' });
 */
export async function importSafetensors(source: FileSource, given: ImportSafetensorsOptions = {}): Promise<Network> {
  const keys = ['activations', 'output', 'layers', 'normalization'] as const;
  const {
    activations = 'relu',
    output = 'linear',
    layers,
    normalization,
  } = options<ImportSafetensorsOptions>('options', given, keys);
  const last = oneOf('output', output, ACTIVATIONS);
  if (layers !== undefined && (!Array.isArray(layers) || !layers.every((name) => typeof name === 'string'))) {
    throw wrongType('layers', 'list of names', layers);
  }
  const { bad, file } = await openSafetensors('source', source, 'a state dict of linear layers');
  const linear = linearLayers(bad, file, layers);
  const hidden = hiddenActivations(activations, linear.length - 1);
  const units = linear.map(({ weight }) => weight.shape[0]!);
  const spec: NetworkSpec = resolveSpec({
    inputs: linear[0]!.weight.shape[1]!,
    layers: units.map((n, l) => ({ units: n, activation: hidden[l] ?? last })),
  });
  const parameters = linear.map(({ weight, bias }, l) => ({
    weights: readFloats(bad, file.data, weight, true),
    bias: bias ? readFloats(bad, file.data, bias) : new Float32Array(units[l]!),
  }));
  return makeNetwork(spec, normalization, parameters);
}

function hiddenActivations(given: Activation | readonly Activation[], count: number): readonly Activation[] {
  if (!Array.isArray(given)) return new Array<Activation>(count).fill(oneOf('activations', given, ACTIVATIONS));
  if (given.length !== count) {
    throw new RangeError(`"activations" expected one for each of ${count} hidden layers, got ${given.length}`);
  }
  return (given as readonly Activation[]).map((word, i) => oneOf(`activations[${i}]`, word, ACTIVATIONS));
}

/** The linear layers in order, checked to fit one after another. */
function linearLayers(bad: Bad, { tensors }: SafetensorsFile, names: readonly string[] | undefined): LinearEntries[] {
  const order = names ?? layerNames(bad, tensors);
  if (order.length === 0) throw bad('it has no tensor');
  const layers = order.map((name) => {
    const weight = tensors.get(`${name}.weight`);
    if (weight === undefined) throw bad(`tensor ${describe(`${name}.weight`)} is missing`);
    checkTensor(bad, weight, 2);
    const bias = tensors.get(`${name}.bias`);
    if (bias) checkTensor(bad, bias, 1);
    if (bias && bias.shape[0] !== weight.shape[0]) {
      throw bad(
        `tensor ${describe(bias.name)} expected shape ${shapeText([weight.shape[0]!])}, got ${shapeText(bias.shape)}`,
      );
    }
    return { name, weight, bias };
  });
  layers.slice(1).forEach(({ weight }, l) => {
    const [units, inputs] = [layers[l]!.weight.shape[0]!, weight.shape[1]!];
    if (units !== inputs) {
      const what = `tensor ${describe(weight.name)} takes ${inputs} inputs after ${units} units of ${describe(layers[l]!.name)}`;
      throw bad(names ? what : `${what}; if that is not their order, give it as "layers"`);
    }
  });
  return layers;
}

/** All names less their last part; what is neither a weight nor a bias belongs to no linear layer. */
function layerNames(bad: Bad, tensors: SafetensorsFile['tensors']): string[] {
  const names = new Set<string>();
  for (const name of tensors.keys()) {
    const [, layer] = /^(.+)\.(?:weight|bias)$/s.exec(name) ?? [];
    if (layer === undefined) throw bad(`tensor ${describe(name)} is neither a weight nor a bias of a linear layer`);
    names.add(layer);
  }
  return [...names].sort(new Intl.Collator('en', { numeric: true }).compare);
}

function checkTensor(bad: Bad, entry: TensorEntry, dimensions: 1 | 2): void {
  const { name, shape, dtype } = entry;
  if (shape.length !== dimensions || shape.includes(0)) {
    const expected = dimensions === 2 ? 'out x in' : 'out';
    throw bad(`tensor ${describe(name)} expected the shape ${expected}, got ${shapeText(shape)}`);
  }
  if (!isFloat(entry)) throw bad(`tensor ${describe(name)} expected dtype F64, F32, F16 or BF16, got ${dtype}`);
}

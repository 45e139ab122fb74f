import { describe, finite, oneOf, options, wrongType } from '../core/checks.ts';
import { type Activation, ACTIVATIONS, type NetworkSpec, resolveSpec } from '../core/spec.ts';
import type { Affine, Scaling } from '../core/table.ts';
import type { FileSource } from '../data/file-source.ts';
import type { LayerParameters } from '../memory/arena.ts';
import type { Network } from '../nn/network.ts';
import type { Bad } from './bad-file.ts';
import { readDoubles, readFloats } from './floats.ts';
import { batchAffine, composed, foldAfter, foldBefore, isFiniteLayer } from './fold.ts';
import { gapBetween } from './layer-order.ts';
import { isModel, makeNetwork, readNetworkMetadata } from './model.ts';
import type { SafetensorsFile } from './safetensors.ts';
import { openSafetensors } from './source.ts';
import { type BatchNorm, readModules } from './state-dict.ts';
import { type Chain, readChain } from './state-dict-chain.ts';

/** What a state dict does not tell. */
export interface ImportSafetensorsOptions {
  /** Of the hidden layers: one for all, or one for each. Default 'relu'. */
  activations?: Activation | readonly Activation[] | undefined;
  /** Of the output layer; default 'linear'. A classifier trained on logits gives probabilities with 'softmax'. */
  output?: Activation | undefined;
  /**
   * The names of the linear layers from input to output, as 'fc1' for 'fc1.weight' and 'fc1.bias', and of batch normalisations
   * where they are applied; other linear layers are then left out. Default: all in the file, in the order that their numbers and
   * sizes tell.
   */
  layers?: readonly string[] | undefined;
  /** Names of tensors or modules that predictions do not need: what changes the outputs is an error otherwise. */
  ignore?: readonly string[] | undefined;
  /** What batch normalisation adds to the variance, in all layers; default 1e-5, as in PyTorch. */
  batchNormEpsilon?: number | undefined;
  /** Where batch normalisation stands. Default: as the indices of an nn.Sequential tell; an error if they do not. */
  batchNormPlace?: (typeof PLACES)[number] | undefined;
  /** How inputs were normalised in training, and targets. */
  normalization?: Scaling | undefined;
}

const PLACES = ['before-activation', 'after-activation'] as const;
const KEYS = [
  'activations',
  'output',
  'layers',
  'ignore',
  'batchNormEpsilon',
  'batchNormPlace',
  'normalization',
] as const;
const EPSILON = 1e-5;

/**
 * Imports the state dict of linear layers that PyTorch saved in a safetensors file: `nn.Sequential(nn.Linear(...), nn.ReLU(),
 * ...)`, or a module whose linear layers have names. Weights are out x in, of F64, F32, F16 or BF16. Batch normalisation becomes
 * a part of the linear layer beside it, or of the normalisation of the inputs.
 * @throws GradpoolError ERR_BAD_FILE naming the tensor; TypeError, RangeError naming the option
 *
 * @example
 * const network = await importSafetensors('mlp.safetensors', { activations: 'tanh', output: 'softmax' });
 */
export async function importSafetensors(source: FileSource, given: ImportSafetensorsOptions = {}): Promise<Network> {
  const resolved = options<ImportSafetensorsOptions>('options', given, KEYS);
  const { activations = 'relu', output = 'linear', layers, ignore = [], normalization, batchNormPlace } = resolved;
  const last = oneOf('output', output, ACTIVATIONS);
  if (layers !== undefined) checkNames('layers', layers);
  checkNames('ignore', ignore);
  const place = batchNormPlace === undefined ? undefined : oneOf('batchNormPlace', batchNormPlace, PLACES);
  const epsilon = finite('batchNormEpsilon', resolved.batchNormEpsilon ?? EPSILON, 0);
  const { bad, file } = await openSafetensors('source', source, 'a state dict of linear layers');
  const chain = readChain(bad, readModules(file, ignore), layers);
  const hidden = hiddenActivations(activations, chain.linear.length - 1);
  const names = [...hidden, last];
  if (resolved.activations === undefined) checkNeighbours(bad, chain);
  const spec: NetworkSpec = resolveSpec({
    inputs: chain.linear[0]!.inputs,
    layers: chain.linear.map(({ units }, l) => ({ units, activation: names[l]! })),
  });
  checkOwnModel(bad, file, spec, resolved);
  const norms = placeNorms(bad, chain, names, place);
  const affine = (norm: BatchNorm) => affineOf(bad, file, norm, epsilon);
  const { scaling, before } = scaleInputs(norms[0]!.before.map(affine), normalization);
  const parameters = chain.linear.map((layer, l) => {
    let folded: LayerParameters = {
      weights: readFloats(bad, file.data, layer.weight, true),
      bias: layer.bias ? readFloats(bad, file.data, layer.bias) : new Float32Array(layer.units),
    };
    const first = l === 0 ? before : norms[l]!.before.map(affine);
    for (const step of first.toReversed()) folded = foldBefore(folded, step);
    for (const norm of norms[l]!.after) folded = foldAfter(folded, affine(norm));
    if (!isFiniteLayer(folded))
      throw bad(`layer ${describe(layer.name)} with its batch normalisation is not finite in float32`);
    return folded;
  });
  return makeNetwork(spec, scaling, parameters);
}

function checkNames(name: string, list: unknown): void {
  if (!Array.isArray(list) || !list.every((text) => typeof text === 'string')) {
    throw wrongType(name, 'list of names', list);
  }
}

function hiddenActivations(given: Activation | readonly Activation[], count: number): readonly Activation[] {
  if (!Array.isArray(given)) return new Array<Activation>(count).fill(oneOf('activations', given, ACTIVATIONS));
  if (given.length !== count) {
    throw new RangeError(
      `"activations" expected one for each hidden layer, which are ${count}, got ${given.length}: that of the last layer is "output"`,
    );
  }
  return (given as readonly Activation[]).map((word, i) => oneOf(`activations[${i}]`, word, ACTIVATIONS));
}

/** Of '0' and '1' of an nn.Sequential it is known that nothing lies between them: no default is right there. */
function checkNeighbours(bad: Bad, { linear }: Chain): void {
  linear.slice(1).forEach(({ name }, l) => {
    const before = linear[l]!.name;
    if (name.includes('.') || !/^\d+$/.test(name) || gapBetween(before, name) !== 'none') return;
    throw bad(
      `no activation lies between ${describe(before)} and ${describe(name)} of an nn.Sequential; give "activations"`,
    );
  });
}

/** A file of `saveNetwork` tells more than a state dict does, which must not get lost. */
function checkOwnModel(bad: Bad, file: SafetensorsFile, spec: NetworkSpec, given: ImportSafetensorsOptions): void {
  if (!isModel(file)) return;
  const saved = readNetworkMetadata(bad, file.metadata);
  const differs = (keep: (layer: number) => boolean) =>
    saved.spec.layers.some(({ activation }, l) => keep(l) && activation !== spec.layers[l]?.activation);
  const last = saved.spec.layers.length - 1;
  const { inputs, targets } = saved.normalization;
  const lost =
    (given.normalization === undefined && (inputs ?? targets) !== undefined) ||
    (given.activations === undefined && differs((l) => l < last)) ||
    (given.output === undefined && differs((l) => l === last));
  if (lost) throw bad('it is a gradpool model with activations and a normalisation of its own: loadNetwork reads it');
}

/** For each layer the batch normalisations that become part of it, on its side of the inputs and of the outputs. */
function placeNorms(
  bad: Bad,
  { linear, norms }: Chain,
  activations: readonly Activation[],
  place: ImportSafetensorsOptions['batchNormPlace'],
): readonly { readonly before: readonly BatchNorm[]; readonly after: readonly BatchNorm[] }[] {
  const cuts = norms.map((list, l) => {
    if (list.length === 0) return 0;
    const names = [linear[l - 1]?.name, ...list.map(({ name }) => name), linear[l]?.name];
    const gaps = names.slice(1).map((name, i) => {
      const before = names[i];
      return before === undefined || name === undefined ? 'unknown' : gapBetween(before, name);
    });
    const unclear = () => {
      const what = `whether batch normalisation ${describe(list[0]!.name)} comes before or after the activation cannot be told`;
      return bad(`${what}; give it as "batchNormPlace"`);
    };
    if (l === 0) {
      if (place === undefined && gaps.at(-1) === 'some') throw unclear();
      return 0;
    }
    if (activations[l - 1] === 'linear' || place === 'before-activation') return list.length;
    if (place === 'after-activation') return 0;
    const open = gaps.flatMap((gap, i) => (gap === 'none' ? [] : [i]));
    if (open.length !== 1) throw unclear();
    return open[0]!;
  });
  const behind = norms.at(-1)!.slice(cuts.at(-1));
  if (behind.length > 0) {
    throw bad(`batch normalisation ${describe(behind[0]!.name)} comes after the activation of the outputs`);
  }
  return linear.map((_, l) => ({ before: norms[l]!.slice(cuts[l]), after: norms[l + 1]!.slice(0, cuts[l + 1]) }));
}

function affineOf(bad: Bad, { data }: SafetensorsFile, norm: BatchNorm, epsilon: number): Affine {
  const variance = readDoubles(bad, data, norm.variance);
  const at = variance.findIndex((value) => !(value + epsilon > 0));
  if (at >= 0) throw bad(`tensor ${describe(norm.variance.name)} has the variance ${variance[at]} at ${at}`);
  const mean = readDoubles(bad, data, norm.mean);
  const [gamma, beta] = [norm.gamma, norm.beta].map((entry) => entry && readDoubles(bad, data, entry));
  return batchAffine({ mean, variance, gamma, beta }, epsilon);
}

/** Batch normalisation of the inputs goes on from their normalisation, in float64, unless it takes a column away. */
function scaleInputs(
  steps: readonly Affine[],
  scaling: Scaling | undefined,
): { scaling: Scaling | undefined; before: readonly Affine[] } {
  const given = scaling?.inputs;
  const fits = steps.every(({ scale }) => !scale.includes(0) && (given ?? { scale }).scale.length === scale.length);
  if (steps.length === 0 || !fits) return { scaling, before: steps };
  const inputs = steps.reduce<Affine | undefined>(composed, given)!;
  return { scaling: { inputs, targets: scaling?.targets }, before: [] };
}

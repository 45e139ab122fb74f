// What a state dict of PyTorch holds, module by module: the tensors that share a name less its last part.
import { describe } from '../core/checks.ts';
import type { Bad } from './bad-file.ts';
import { isFloat } from './floats.ts';
import { isUnknownType, type SafetensorsFile, shapeText, type TensorEntry } from './safetensors.ts';

/** nn.Linear: weight (units x inputs), and its bias if it has one. */
export interface Linear {
  readonly kind: 'linear';
  readonly name: string;
  readonly weight: TensorEntry;
  readonly bias: TensorEntry | undefined;
  readonly inputs: number;
  readonly units: number;
}

/** nn.BatchNorm1d with what it has measured; gamma and beta are not there without `affine`. */
export interface BatchNorm {
  readonly kind: 'batch-norm';
  readonly name: string;
  readonly size: number;
  readonly mean: TensorEntry;
  readonly variance: TensorEntry;
  readonly gamma: TensorEntry | undefined;
  readonly beta: TensorEntry | undefined;
}

/** Anything else. */
export interface Foreign {
  readonly kind: 'foreign';
  readonly name: string;
  /** What stands against it, as a message. */
  readonly why: string;
}

/** Nothing but tensors of types that came after this reader. */
export interface Unknown {
  readonly kind: 'unknown';
  readonly name: string;
  readonly tensor: TensorEntry;
}

export type StateModule = Linear | BatchNorm | Foreign | Unknown;
type Parts = ReadonlyMap<string, TensorEntry>;

/** Counts of updates, which predictions do not need. */
const COUNTERS = /(?:^|\.)(?:num_batches_tracked|n_averaged)$/;
/** Whose tensors these are, by their names. */
const OWNERS: readonly (readonly [RegExp, string])[] = [
  [/lora_/i, 'a LoRA adapter, which has to be merged before it is saved (merge_and_unload)'],
  [/parametrizations\..*original/, 'a parametrization; parametrize.remove_parametrizations, then save'],
  [/weight_[gv]$/, 'weight normalisation; nn.utils.remove_weight_norm, then save'],
  [/_(?:orig|mask|u)$/, 'spectral normalisation or pruning, which have to be removed before it is saved'],
  [/(?:weight|bias)_(?:ih|hh)/, 'a recurrent layer'],
  [/in_proj_(?:weight|bias)$/, 'attention'],
  [/(?:_scale|scales|zero_points?|qweight|qzeros|packed_params|absmax)(?:\.|$)/, 'quantisation'],
  [/running_(?:mean|var)$/, 'batch normalisation that is not complete'],
];
const EMBEDDING = /(?:^|[._])(?:emb|embed|embeds|embedding|embeddings|wte|wpe)(?:[._\d]|$)/i;

/**
 * The modules of a file by name. What wrappers put before the names (`module.` of DataParallel, `_orig_mod.` of torch.compile) is left
 * out, counters too.
 * @param ignored - names of tensors or modules that are left out
 * @throws RangeError if one of these is not in the file
 */
export function readModules(file: SafetensorsFile, ignored: readonly string[]): Map<string, StateModule> {
  const tensors = unwrapped(withShared(file));
  const left = new Map([...tensors].filter(([name]) => !COUNTERS.test(name)));
  ignored.forEach((given, i) => {
    const inside = (name: string, entry: TensorEntry) =>
      [name, entry.name].some((text) => text === given || text.startsWith(`${given}.`));
    const found = [...tensors].filter(([name, entry]) => inside(name, entry));
    if (found.length === 0) {
      throw new RangeError(`"ignore[${i}]" expected a tensor or module of the file, got ${describe(given)}`);
    }
    for (const [name] of found) left.delete(name);
  });
  const modules = new Map<string, Map<string, TensorEntry>>();
  for (const [name, entry] of left) {
    const cut = /\.parametrizations\./.exec(name)?.index ?? name.lastIndexOf('.');
    const module = name.slice(0, Math.max(0, cut));
    const parts = modules.get(module) ?? new Map<string, TensorEntry>();
    modules.set(module, parts.set(name.slice(cut + 1), entry));
  }
  return new Map([...modules].map(([name, parts]) => [name, moduleOf(name, parts)]));
}

/** Tensors that several modules share stand once in a file; its metadata then has the other names. */
function withShared({ tensors, metadata }: SafetensorsFile): Map<string, TensorEntry> {
  const all = new Map(tensors);
  for (const [name, other] of metadata) {
    const entry = tensors.get(other);
    if (entry !== undefined && !tensors.has(name)) all.set(name, { ...entry, name });
  }
  return all;
}

function unwrapped(tensors: Map<string, TensorEntry>): Map<string, TensorEntry> {
  let entries = [...tensors].map(([name, entry]) => [name.replaceAll('_orig_mod.', ''), entry] as const);
  const isWrapped = () => entries.every(([name]) => name.startsWith('module.') || COUNTERS.test(name));
  while (entries.some(([name]) => name.startsWith('module.')) && isWrapped()) {
    entries = entries.map(([name, entry]) => [name.replace(/^module\./, ''), entry] as const);
  }
  const plain = new Map(entries);
  return plain.size === tensors.size ? plain : tensors;
}

/** The name of a module as {@link readModules} has it, given with or without what wrappers put before it. */
export function moduleName(modules: ReadonlyMap<string, StateModule>, given: string): string {
  let name = given;
  if (!modules.has(name)) name = name.replaceAll('_orig_mod.', '');
  while (!modules.has(name) && name.startsWith('module.')) name = name.slice('module.'.length);
  return name;
}

/** Whether it looks like nn.Embedding, which has the weight of a linear layer without bias. */
export function looksEmbedding({ name, bias }: Linear): boolean {
  return bias === undefined && EMBEDDING.test(name);
}

function moduleOf(name: string, parts: Parts): StateModule {
  const [first] = parts.values();
  if ([...parts.values()].every(isUnknownType)) return { kind: 'unknown', name, tensor: first! };
  const [weight, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((key) => parts.get(key));
  const statistics = mean !== undefined && variance !== undefined;
  const known = ['weight', 'bias', ...(statistics ? ['running_mean', 'running_var'] : [])];
  const other = [...parts].find(([key]) => !known.includes(key))?.[1];
  if (other !== undefined) return foreign(name, notLinear(other));
  if (statistics) return batchNorm(name, parts, mean, variance);
  return linear(name, weight, bias);
}

function batchNorm(name: string, parts: Parts, mean: TensorEntry, variance: TensorEntry): StateModule {
  const size = mean.shape[0] ?? 0;
  const wrong = [...parts.values()].map((entry) => faultOf(entry, [size])).find((fault) => fault !== undefined);
  if (wrong !== undefined) return foreign(name, wrong);
  return { kind: 'batch-norm', name, size, mean, variance, gamma: parts.get('weight'), beta: parts.get('bias') };
}

function linear(name: string, weight: TensorEntry | undefined, bias: TensorEntry | undefined): StateModule {
  const prefix = name === '' ? '' : `${name}.`;
  if (weight === undefined) return foreign(name, `tensor ${describe(`${prefix}weight`)} is missing`);
  const [units, inputs] = weight.shape;
  if (weight.shape.length !== 2) {
    const one = bias ? 'layer normalisation, or batch normalisation without statistics' : 'PReLU or RMS normalisation';
    const owner = weight.shape.length < 2 ? one : 'a convolution';
    return foreign(name, `${faultOf(weight, ['out', 'in'])}: it looks like that of ${owner}`);
  }
  const wrong = faultOf(weight, ['out', 'in']) ?? (bias && faultOf(bias, [units!]));
  if (wrong !== undefined) return foreign(name, wrong);
  return { kind: 'linear', name, weight, bias, inputs: inputs!, units: units! };
}

/** What is wrong with a tensor that should have this shape, sizes that are not known being words. */
function faultOf(entry: TensorEntry, expected: readonly (number | string)[]): string | undefined {
  const { name, shape, dtype } = entry;
  const fits =
    shape.length === expected.length &&
    shape.every((size, i) => size > 0 && (typeof expected[i] === 'string' || size === expected[i]));
  if (!fits) {
    const words = expected.some((size) => typeof size === 'string')
      ? `the shape ${expected.join(' x ')}`
      : `shape ${shapeText(expected as number[])}`;
    return `tensor ${describe(name)} expected ${words}, got ${shapeText(shape)}`;
  }
  if (!isFloat(entry)) return `tensor ${describe(name)} expected dtype F64, F32, F16 or BF16, got ${dtype}`;
  return undefined;
}

function notLinear({ name }: TensorEntry): string {
  const owner = OWNERS.find(([pattern]) => pattern.test(name))?.[1];
  const what = `tensor ${describe(name)} is neither a weight nor a bias of a linear layer`;
  return owner === undefined ? what : `${what}: it looks like that of ${owner}`;
}

function foreign(name: string, why: string): Foreign {
  return { kind: 'foreign', name, why };
}

const ADVICE = 'if predictions do not need it, or the options do what it does, name it in "ignore"';

/** The error about a module that is no part of a network. */
export function refuse(bad: Bad, module: StateModule): Error {
  return bad(`${reasonOf(module)}; ${ADVICE}`);
}

function reasonOf(module: StateModule): string {
  if (module.kind === 'foreign') return module.why;
  if (module.kind === 'unknown') {
    const { name, dtype } = module.tensor;
    return `tensor ${describe(name)} has the unknown dtype ${describe(dtype)}`;
  }
  return notLinear(module.kind === 'linear' ? module.weight : module.mean);
}

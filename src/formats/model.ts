import { describe, options, wrongType, wrongValue } from '../core/checks.ts';
import { isBytes } from '../core/realm.ts';
import { type NetworkSpec, resolveSpec, widths } from '../core/spec.ts';
import type { Affine, Scaling } from '../core/table.ts';
import { VERSION } from '../core/version.ts';
import type { Encoding } from '../data/encoding.ts';
import type { LayerParameters } from '../memory/arena.ts';
import { adoptParameters, Network } from '../nn/network.ts';
import { taskOf } from '../nn/predictions.ts';
import { type Bad, badFile, orBad } from './bad-file.ts';
import { readFloats } from './floats.ts';
import { checkPlainJson, type JsonInput, type JsonValue } from './plain-json.ts';
import {
  isUnknownType,
  parseSafetensors,
  type SafetensorsFile,
  shapeText,
  type TensorEntry,
  writeSafetensors,
} from './safetensors.ts';
import { isObject, type JsonObject, parseJson } from './strict-json.ts';

/** What goes into a model file besides the network, as the caller gives it; nothing here interprets it. */
export interface ModelMeta {
  /** How raw records become rows of inputs: the `Encoding` of a table, or any plain JSON. */
  encoding?: JsonInput | undefined;
  /** What the outputs are called; one sigmoid output may have two names, of no and yes. */
  classes?: readonly string[] | undefined;
}

/**
 * What a model file held.
 * @typeParam E - what was saved as the encoding, if not that of a table; nobody checks it before it is used
 */
export interface LoadedModel<E = Encoding> {
  readonly network: Network;
  readonly encoding: E | undefined;
  readonly classes: readonly string[] | undefined;
  /** The version of gradpool that wrote the file. */
  readonly writtenBy: string;
}

/** Raised when an older reader would misread a file. */
const FORMAT = 1;
export const MODEL_KIND = 'a gradpool model';
const KEYS = {
  format: 'gradpool.format',
  version: 'gradpool.version',
  network: 'gradpool.network',
  normalization: 'gradpool.normalization',
  encoding: 'gradpool.encoding',
  classes: 'gradpool.classes',
} as const;
const META_LIMITS = { depth: 64, values: 10_000_000 };

/** The names of a layer's tensors in the state dict of nn.Sequential(nn.Linear, activation, nn.Linear, activation, ...). */
function tensorNames(layer: number): { weight: string; bias: string } {
  return { weight: `${2 * layer}.weight`, bias: `${2 * layer}.bias` };
}

/**
 * A network as the bytes of a safetensors file: float32 weights with the names and the orientation (n_l x n_{l-1}) that
 * PyTorch gives them, and in the metadata all that is needed to predict.
 * @throws TypeError if the meta is no plain JSON; RangeError if a weight is not finite, or `classes` are not as many as the outputs
 */
export function networkToBytes(network: Network, meta: ModelMeta = {}): Uint8Array {
  if (!(network instanceof Network)) throw wrongType('network', 'Network', network);
  const { encoding, classes } = options<ModelMeta>('meta', meta, ['encoding', 'classes']);
  if (encoding !== undefined) checkPlainJson('meta.encoding', encoding);
  if (classes !== undefined) checkClassesOf(network.spec, classes);
  const n = widths(network.spec);
  const tensors = network.parameters.flatMap(({ weights, bias }, l) => {
    const { weight, bias: name } = tensorNames(l);
    checkFinite(l, weights);
    checkFinite(l, bias);
    return [
      { name: weight, shape: [n[l + 1]!, n[l]!], values: transpose(weights, n[l]!, n[l + 1]!) },
      { name, shape: [n[l + 1]!], values: bias },
    ];
  });
  return writeSafetensors(tensors, {
    format: 'pt',
    [KEYS.format]: String(FORMAT),
    ...networkMetadata(network),
    ...(encoding === undefined ? {} : { [KEYS.encoding]: JSON.stringify(encoding) }),
    ...(classes === undefined ? {} : { [KEYS.classes]: JSON.stringify(classes) }),
  });
}

/** A network without its weights, and who writes it. */
export function networkMetadata({ spec, normalization }: Network): Record<string, string> {
  return {
    [KEYS.version]: VERSION,
    [KEYS.network]: JSON.stringify(spec),
    [KEYS.normalization]: JSON.stringify({
      inputs: affineToJson(normalization.inputs),
      targets: affineToJson(normalization.targets),
    }),
  };
}

/** What {@link networkMetadata} wrote. */
export function readNetworkMetadata(
  bad: Bad,
  metadata: ReadonlyMap<string, string>,
): { spec: NetworkSpec; normalization: Scaling; writtenBy: string } {
  const spec = readSpec(bad, readJson(bad, metadata, KEYS.network));
  const normalization = readScaling(bad, spec, readJson(bad, metadata, KEYS.normalization));
  return { spec, normalization, writtenBy: metadata.get(KEYS.version) ?? 'unknown' };
}

/** A value of the metadata as JSON; undefined if it is not there. */
export function readJson(bad: Bad, metadata: ReadonlyMap<string, string>, key: string): unknown {
  const text = metadata.get(key);
  return text === undefined ? undefined : parseJson(bad, `"${key}"`, text, META_LIMITS);
}

/**
 * The network that {@link networkToBytes} wrote.
 * @throws GradpoolError ERR_BAD_FILE telling what is wrong
 */
export function networkFromBytes<E = Encoding>(bytes: Uint8Array): LoadedModel<E> {
  if (!isBytes(bytes)) throw wrongType('bytes', 'Uint8Array', bytes);
  const bad = badFile('"bytes"', MODEL_KIND);
  return readModel(bad, parseSafetensors(bad, bytes));
}

/** Makes the network of a file. Shapes are compared before anything of their size is allocated. */
export function readModel<E = Encoding>(bad: Bad, file: SafetensorsFile): LoadedModel<E> {
  const { metadata, tensors } = file;
  checkFormat(bad, metadata);
  const { spec, normalization, writtenBy } = readNetworkMetadata(bad, metadata);
  const n = widths(spec);
  const entries = spec.layers.map((_, l) => {
    const { weight, bias } = tensorNames(l);
    return {
      weight: entryOf(bad, tensors.get(weight), weight, [n[l + 1]!, n[l]!]),
      bias: entryOf(bad, tensors.get(bias), bias, [n[l + 1]!]),
    };
  });
  if (tensors.size !== 2 * entries.length) {
    throw bad(`expected ${2 * entries.length} tensors for ${entries.length} layers, got ${tensors.size}`);
  }
  const parameters = entries.map(({ weight, bias }) => ({
    weights: readFloats(bad, file.data, weight, true),
    bias: readFloats(bad, file.data, bias),
  }));
  const network = orBad(bad, () => makeNetwork(spec, normalization, parameters));
  const encoding = readJson(bad, metadata, KEYS.encoding) as JsonValue | undefined;
  const classes = readJson(bad, metadata, KEYS.classes) ?? classesOf(encoding);
  if (classes !== undefined) orBad(bad, () => checkClasses(classes));
  return {
    network,
    encoding: encoding as E | undefined,
    classes: classes as readonly string[] | undefined,
    writtenBy,
  };
}

/** Whether `saveNetwork` wrote it. */
export function isModel({ metadata }: SafetensorsFile): boolean {
  return metadata.has(KEYS.format);
}

/** A network with these parameters, which it takes over. */
export function makeNetwork(spec: NetworkSpec, normalization: Scaling | undefined, layers: LayerParameters[]): Network {
  const network = new Network({ ...spec, normalization });
  adoptParameters(network, layers);
  return network;
}

/** (rows x columns) into (columns x rows), both row-major. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c]!;
  return turned;
}

/** @throws RangeError: a training that diverged leaves weights that no file should keep */
export function checkFinite(layer: number, values: Float32Array): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new RangeError(`"network" expected finite weights, got ${values[at]} in layer ${layer}`);
}

function checkFormat(bad: Bad, metadata: ReadonlyMap<string, string>): void {
  const format = metadata.get(KEYS.format);
  if (format === undefined) {
    throw bad(`it has no "${KEYS.format}"; files of other libraries are read by importSafetensors`);
  }
  if (format !== String(FORMAT)) {
    const by = metadata.get(KEYS.version);
    throw bad(
      `its format ${describe(format)} of gradpool ${describe(by)} is not ${FORMAT}, which gradpool ${VERSION} reads`,
    );
  }
}

function readSpec(bad: Bad, value: unknown): NetworkSpec {
  if (!isObject(value)) throw bad(`"${KEYS.network}" expected an object, got ${describe(value)}`);
  return orBad(bad, () => resolveSpec(value as unknown as NetworkSpec));
}

function readScaling(bad: Bad, spec: NetworkSpec, value: unknown): Scaling {
  if (value === undefined) return { inputs: undefined, targets: undefined };
  if (!isObject(value)) throw bad(`"${KEYS.normalization}" expected an object, got ${describe(value)}`);
  return {
    inputs: readAffine(bad, 'inputs', value.inputs, spec.inputs),
    targets: readAffine(bad, 'targets', value.targets, spec.layers.at(-1)!.units),
  };
}

function readAffine(bad: Bad, name: string, value: unknown, size: number): Affine | undefined {
  if (value === undefined) return undefined;
  const { scale, shift } = isObject(value) ? value : ({} as JsonObject);
  const list = (part: string, numbers: unknown): Float64Array => {
    if (!Array.isArray(numbers) || numbers.length !== size || !numbers.every(Number.isFinite)) {
      throw bad(`"${KEYS.normalization}" ${name}.${part} expected a list of ${size} numbers, got ${describe(numbers)}`);
    }
    return Float64Array.from(numbers as number[]);
  };
  const affine = { scale: list('scale', scale), shift: list('shift', shift) };
  if (affine.scale.includes(0)) throw bad(`"${KEYS.normalization}" ${name}.scale has a 0, which cannot be undone`);
  return affine;
}

function affineToJson(affine: Affine | undefined): { scale: number[]; shift: number[] } | undefined {
  return affine && { scale: Array.from(affine.scale), shift: Array.from(affine.shift) };
}

function entryOf(bad: Bad, entry: TensorEntry | undefined, name: string, shape: readonly number[]): TensorEntry {
  if (entry === undefined) throw bad(`tensor ${describe(name)} is missing`);
  if (isUnknownType(entry)) throw bad(`tensor ${describe(name)} has the unknown dtype ${describe(entry.dtype)}`);
  if (entry.dtype !== 'F32') throw bad(`tensor ${describe(name)} expected dtype F32, got ${entry.dtype}`);
  if (shapeText(entry.shape) !== shapeText(shape)) {
    throw bad(`tensor ${describe(name)} expected shape ${shapeText(shape)}, got ${shapeText(entry.shape)}`);
  }
  return entry;
}

/** Those of a table's encoding, where it has classes. */
function classesOf(encoding: JsonValue | undefined): JsonValue | undefined {
  if (typeof encoding !== 'object' || encoding === null || Array.isArray(encoding)) return undefined;
  const { classes } = encoding as { classes?: JsonValue };
  return Array.isArray(classes) && classes.length > 0 ? classes : undefined;
}

/** @throws TypeError, RangeError: no names, or not as many as the outputs have */
function checkClassesOf(spec: NetworkSpec, classes: readonly string[]): void {
  checkClasses(classes);
  const { units, activation } = spec.layers.at(-1)!;
  const { classes: most } = taskOf(spec);
  if (classes.length === units || classes.length === most) return;
  const names = most === units ? `${units}` : `${units} or ${most}`;
  throw wrongValue('meta.classes', `${names} names for the output layer (${units} x ${activation})`, classes);
}

function checkClasses(classes: unknown): void {
  if (!Array.isArray(classes)) throw wrongType('meta.classes', 'list of strings', classes);
  classes.forEach((name: unknown, i) => {
    if (typeof name !== 'string') throw wrongType(`meta.classes[${i}]`, 'string', name);
  });
}
